import type { Context } from "../context.ts"
import { dropCopies } from "./drop-copies.ts"
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
  const live = await ctx.db.pool.query<{ id: string }>(LIVE, [userId, chatroomId])
  await ctx.db.execute("delete-chatroom", "DELETE FROM chatrooms WHERE user_id = $1 AND id = $2", [
    userId,
    chatroomId,
  ])
  publishRoomChanged(ctx, chatroomId, userId)
  if (room.activeReplyId) ctx.cancellations.request({ userId, id: room.activeReplyId })
  dropCopies(ctx, { userId, replyIds: live.rows.map(({ id }) => id) })
}

/** Those whose text may be in the reply log still, which it keeps for a minute after the end. */
const LIVE = `
  SELECT id FROM (
    SELECT id, role, completed_at FROM messages WHERE user_id = $1 AND chatroom_id = $2 ORDER BY position DESC LIMIT 200
  ) AS newest
  WHERE role = 'model' AND (completed_at IS NULL OR completed_at > now() - interval '1 hour')`
