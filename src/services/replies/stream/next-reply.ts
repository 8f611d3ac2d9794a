import type { ChatroomKey } from "../../chat/find-chatroom.ts"
import type { Context } from "../../context.ts"
import { hasBegun } from "./follow-reply.ts"
import type { LiveListener } from "./live-replies.ts"
import type { RoomCursor } from "./room-cursor.ts"

/** A reply to follow. */
export interface Candidate {
  id: string
  position: number
  attempt: number
  /** Whether it had begun or ended when it was chosen. Before that a prompt may still come in front of it. */
  begun: boolean
  /** Its number among the room's retries; null in the usual order. */
  retry: number | null
}

/** The followed reply. */
export interface Followed extends Candidate {
  live: LiveListener
}

/**
 * Chooses the reply to follow: a retried one that the listener has passed, unless another reply is half sent; otherwise
 * the next in order, which may be another one as long as nothing of it was sent: a prompt may have come in front of it.
 */
export async function chooseReply(
  ctx: Context,
  { chatroom: { userId, id }, retries }: { chatroom: ChatroomKey; retries: number },
  cursor: RoomCursor,
  current: Followed | null,
): Promise<Followed | Candidate | null> {
  const inTheMiddle = cursor.again === null && cursor.reply.attempt > 0 && hasBegun(cursor.reply)
  if (current && (current.retry !== null || inTheMiddle)) return current
  if (retries > cursor.retries && !inTheMiddle) {
    const values = [userId, id, cursor.retries, cursor.whole]
    const { rows } = await ctx.db.execute<Candidate>("retried-reply", RETRIED, values)
    if (rows[0]) return rows[0]
  }
  const values = [userId, id, cursor.whole, cursor.known]
  const { rows } = await ctx.db.execute<Candidate>("next-reply", NEXT, values)
  const next = rows[0] ?? null
  if (!current || current.id !== next?.id || current.position !== next.position) return next
  current.begun = next.begun
  return current
}

/** `position <= $3` leaves out replies that aren't announced yet. */
const NEXT = `
  SELECT id, position, attempt, attempt > 0 OR completed_at IS NOT NULL AS begun, NULL AS retry FROM messages
  WHERE user_id = $1 AND chatroom_id = $2 AND position > $3 AND position <= $4 AND role = 'model'
  ORDER BY position LIMIT 1`

const RETRIED = `
  SELECT id, position, attempt, true AS begun, retry FROM messages
  WHERE user_id = $1 AND chatroom_id = $2 AND retry > greatest($3, 0) AND position <= $4
  ORDER BY retry LIMIT 1`

/**
 * Moves the cursor to the beginning of a reply, unless the listener resumes in the middle of it.
 * @returns whether the listener has seen the reply before, which is retried
 */
export function beginReply({ position, attempt, retry }: Candidate, cursor: RoomCursor): boolean {
  const again = retry === null ? null : position
  if (again === cursor.again) return false
  cursor.again = again
  cursor.reply = { attempt: again === null ? 0 : attempt, characters: 0, thoughts: 0 }
  return again !== null
}

/** Moves the cursor behind a reply, to the beginning of the next. */
export function pass(cursor: RoomCursor, { position, retry }: Candidate): void {
  if (retry === null) cursor.whole = position
  else cursor.retries = retry
  cursor.again = null
  cursor.reply = { attempt: 0, characters: 0, thoughts: 0 }
}

/**
 * A listener that comes back in the middle of a reply may find that this was deleted; its cursor names no reply. What it has
 * is void: the next reply comes from its beginning, with a `reset`.
 */
export function forgetHalf(cursor: RoomCursor): void {
  if (cursor.again === null && hasBegun(cursor.reply)) cursor.reply = { ...UNKNOWN }
}

/** More than any reply has, so that whatever comes next begins with a reset. */
const UNKNOWN = { attempt: 0, characters: 999_999_999, thoughts: 0 }
