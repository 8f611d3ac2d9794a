import type { Context } from "../context.ts"
import { withChatroomsLocked } from "./chatroom-cache.ts"
import { findOwnChatroom } from "./find-chatroom.ts"
import { publishRoomChanged } from "./room-pubsub.ts"

/**
 * Deletes a room with all its messages. The worker of a reply that is being made is told to stop, and finds the row
 * gone if no notice reaches it; used prompts stay used. @throws {NotFound}
 */
export async function deleteChatroom(
  ctx: Context,
  { userId, chatroomId }: { userId: string; chatroomId: string },
): Promise<void> {
  const room = await findOwnChatroom(ctx, userId, chatroomId)
  await withChatroomsLocked(ctx, userId, () => room.destroy())
  publishRoomChanged(ctx, chatroomId)
  if (!room.activeReplyId) return
  ctx.cancellations.request({ userId, id: room.activeReplyId })
  ctx.replyLog.announce(room.activeReplyId, { final: true })
}
