import type { ChatroomKey } from "../../chat/find-chatroom.ts"
import type { Context } from "../../context.ts"
import { formatReplyCursor, type ReplyCursor } from "./follow-reply.ts"

/**
 * How far a room's listener has come. A room's replies are made one at a time in the order of their positions, except
 * dead letters that an operator retries: the room numbers these retries, and the cursor counts them.
 */
export interface RoomCursor {
  /** Position of the last announced message. */
  known: number
  /** Position of the last reply that the listener has in full. */
  whole: number
  /** How much the listener has of the reply that it follows, which may be a retried one. */
  reply: ReplyCursor
  /** Number of the last retry that the listener has in full. */
  retries: number
  /** Position of the retried reply that the listener follows; null in the usual order. */
  again: number | null
  /** Number of the last change to a known message that was announced. */
  revisions: number
}

/**
 * Formats `<known>.<whole>.<cursor of the reply>`, with `.<retries>`, `@<again>` and `~<revisions>` if there are any.
 */
export function formatRoomCursor({ known, whole, reply, retries, again, revisions }: RoomCursor): string {
  const usual = `${known}.${whole}.${formatReplyCursor(reply)}`
  const retried = retries === 0 && again === null ? "" : `.${retries}`
  return `${usual}${retried}${again === null ? "" : `@${again}`}${revisions === 0 ? "" : `~${revisions}`}`
}

const ID =
  /^(\d{1,9})\.(\d{1,9})\.(\d{1,9})-(\d{1,9})(?:-(\d{1,9}))?(?:\.(\d{1,9})(?:@(\d{1,9}))?)?(?:~(\d{1,9}))?$/

/** Parses the id of a room event; null when it is malformed. */
export function parseRoomCursor(lastEventId: string | undefined): RoomCursor | null {
  const found = ID.exec(lastEventId ?? "")
  if (!found) return null
  const [known = 0, whole = 0, attempt = 0, characters = 0, thoughts = 0, retries = 0] = found
    .slice(1, 7)
    .map((digits = "0") => Number(digits))
  const again = found[7] === undefined ? null : Number(found[7])
  const revisions = Number(found[8] ?? "0")
  return { known, whole, reply: { attempt, characters, thoughts }, retries, again, revisions }
}

/** Reads the cursor for a new listener: before the first unfinished reply. */
export async function currentRoomCursor(ctx: Context, { userId, id }: ChatroomKey): Promise<RoomCursor> {
  const { rows } = await ctx.db.execute<Now>("room-now", NOW, [userId, id])
  const { known, whole, retries, revisions } = rows[0] ?? { known: 0, whole: 0, retries: 0, revisions: 0 }
  return { known, whole, reply: { attempt: 0, characters: 0, thoughts: 0 }, retries, again: null, revisions }
}

type Now = Pick<RoomCursor, "known" | "whole" | "retries" | "revisions">

const NOW = `
  WITH unfinished AS (
    SELECT position, retry FROM messages
    WHERE user_id = $1 AND chatroom_id = $2 AND lease_until IS NOT NULL AND position > 0
  )
  SELECT last_position AS known, revisions,
    coalesce((SELECT min(position) - 1 FROM unfinished WHERE retry = 0), last_position) AS whole,
    coalesce((SELECT min(retry) - 1 FROM unfinished WHERE retry > 0), retries) AS retries
  FROM chatrooms WHERE user_id = $1 AND id = $2`
