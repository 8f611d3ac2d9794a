import type { Context } from "../context.ts"

const channelOf = (chatroomId: string) => `room:{${chatroomId}}`

const listChannelOf = (userId: string) => `room:list:{${userId}}`

/** Wakes the listeners of a room after a change, and of the list of its owner `userId` if that has changed, too. */
export function publishRoomChanged(ctx: Context, chatroomId: string, userId?: string): void {
  ctx.bus.publish(channelOf(chatroomId), "changed")
  if (userId !== undefined) publishRoomListChanged(ctx, userId)
}

/** Wakes the listeners of a user's list of chatrooms. Without it they look every few seconds. */
export function publishRoomListChanged(ctx: Context, userId: string): void {
  ctx.bus.publish(listChannelOf(userId), "changed")
}

/** Calls `wake` whenever the room may have changed. @returns a function that unsubscribes */
export function subscribeToRoom(ctx: Context, chatroomId: string, wake: () => void): () => void {
  return ctx.bus.subscribe(channelOf(chatroomId), wake)
}

/** Calls `wake` whenever the user's list of chatrooms may have changed. @returns a function that unsubscribes */
export function subscribeToRoomList(ctx: Context, userId: string, wake: () => void): () => void {
  return ctx.bus.subscribe(listChannelOf(userId), wake)
}
