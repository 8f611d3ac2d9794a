import type { Context } from "../context.ts"
import { changingChatrooms } from "./chatroom-cache.ts"
import { findOwnChatroom } from "./find-chatroom.ts"
import { announceRoom } from "./room-notices.ts"

/**
 * Deletes a room with all its messages. A reply that is being made finds its row gone and stops; used prompts stay
 * used. @throws {NotFound}
 */
export async function deleteChatroom(
  ctx: Context,
  { userId, chatroomId }: { userId: string; chatroomId: string },
): Promise<void> {
  const room = await findOwnChatroom(ctx, userId, chatroomId)
  await changingChatrooms(ctx, userId, () => room.destroy())
  announceRoom(ctx, chatroomId)
  if (room.activeReplyId) ctx.replyLog.announce(room.activeReplyId, { final: true })
}
