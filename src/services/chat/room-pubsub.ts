import type { Context } from "../context.ts"

const channelOf = (chatroomId: string) => `room:{${chatroomId}}`

/** Wakes the room's listeners after a change. */
export function publishRoomChanged(ctx: Context, chatroomId: string): void {
  ctx.bus.publish(channelOf(chatroomId), "changed")
}

/** Calls `wake` whenever the room may have changed. @returns a function that unsubscribes */
export function subscribeToRoom(ctx: Context, chatroomId: string, wake: () => void): () => void {
  return ctx.bus.subscribe(channelOf(chatroomId), wake)
}
