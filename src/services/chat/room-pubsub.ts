import type { Context } from "../context.ts"

const channelOf = (chatroomId: string) => `room:{${chatroomId}}`

/** Tells who follows the room that something in it has changed. */
export function publishRoomChanged(ctx: Context, chatroomId: string): void {
  ctx.bus.publish(channelOf(chatroomId), "changed")
}

/** Calls `wake` whenever the room may have changed. @returns what ends it */
export function subscribeToRoom(ctx: Context, chatroomId: string, wake: () => void): () => void {
  return ctx.bus.subscribe(channelOf(chatroomId), wake)
}
