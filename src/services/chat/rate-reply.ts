import type { Feedback } from "../../models/message.ts"
import { NotFound } from "../../utils/errors.ts"
import type { Context } from "../context.ts"
import { publishRoomChanged } from "./room-pubsub.ts"

/** A user's opinion of a reply; null withdraws it. */
export interface RateReply {
  userId: string
  chatroomId: string
  messageId: string
  feedback: Feedback | null
}

/**
 * Keeps what a user thinks of a reply, and tells the listeners of its room. The last one counts; the same again changes
 * nothing. @throws {NotFound} also for a prompt
 */
export async function rateReply(
  ctx: Context,
  { userId, chatroomId, messageId, feedback }: RateReply,
): Promise<void> {
  const values = [userId, chatroomId, messageId, feedback && JSON.stringify(feedback)]
  const { rows } = await ctx.db.execute<Rated>("rate-reply", RATE, values)
  const [rated] = rows
  if (!rated) throw new NotFound("reply")
  if (!rated.changed) return
  const rating = feedback?.rating ?? "none"
  ctx.events.replyRated({ userId, replyId: messageId, model: rated.model, rating })
  publishRoomChanged(ctx, chatroomId)
}

interface Rated {
  /** null also for a copy, which may come from anywhere: its model can be any text. */
  model: string | null
  changed: boolean
}

/**
 * The room's row lock numbers the change: rooms are locked before their messages, here as everywhere. Nothing is locked
 * for feedback that is there already.
 */
const RATE = `
  WITH reply AS (
    SELECT user_id, chatroom_id, id, CASE WHEN NOT is_copy THEN model END AS model, feedback IS DISTINCT FROM $4::jsonb AS changed FROM messages
    WHERE user_id = $1 AND chatroom_id = $2 AND id = $3 AND role = 'model'
  ), room AS (
    UPDATE chatrooms AS c SET revisions = c.revisions + 1
    FROM reply WHERE reply.changed AND c.user_id = reply.user_id AND c.id = reply.chatroom_id
    RETURNING c.revisions
  ), rated AS (
    UPDATE messages AS m SET feedback = $4::jsonb, revision = room.revisions
    FROM room WHERE m.user_id = $1 AND m.id = $3
  )
  SELECT model, changed FROM reply`
