import type { Context } from "../context.ts"
import { findOwnChatroom } from "./find-chatroom.ts"
import { publishRoomChanged } from "./room-pubsub.ts"

/**
 * Deletes a room with all its messages. Signals the worker of a reply in flight to stop; if the signal is lost, the
 * worker finds the row gone. Used prompts stay used. @throws {NotFound}
 */
export async function deleteChatroom(
  ctx: Context,
  { userId, chatroomId }: { userId: string; chatroomId: string },
): Promise<void> {
  const room = await findOwnChatroom(ctx, userId, chatroomId)
  await room.destroy()
  publishRoomChanged(ctx, chatroomId, userId)
  if (!room.activeReplyId) return
  ctx.cancellations.request({ userId, id: room.activeReplyId })
  ctx.replyLog.announce(room.activeReplyId, { final: true })
}
