import type pg from "pg"
import { readMessage } from "../../chat/list-messages.ts"
import type { MessageRecord } from "../../chat/message-record.ts"
import { parentOf } from "../../chat/tree-steps.ts"
import {
  type InsertOutcome,
  insertPromptAndReply,
  type NewPrompt,
  type Settings,
} from "./insert-prompt-and-reply.ts"
import { type LockedRoom, lockRoom } from "./locked-room.ts"
import { type Requested, requestCancel } from "./stop-reply.ts"

/** What became of a prompt that interrupts, and the reply that is to be stopped once this is committed. */
export interface InsertedInFront {
  outcome: InsertOutcome
  stopped: (Requested & { id: string }) | null
}

/**
 * Writes a prompt in front of what waits in its room, and notes on the reply that has begun there that it is to stop.
 * The prompt follows the shown branch up to where that waits: as a rule it follows the stopped reply. What waits follows
 * the prompt's reply, in its order and at new positions. A prompt that names its parent moves no branch, only the order,
 * and not even that where the parent waits itself: it is answered after what it follows.
 * To be rolled back unless the outcome is `written`.
 * @throws {NotFound}
 */
export async function insertInFront(
  client: pg.ClientBase,
  settings: Settings,
  prompt: NewPrompt,
): Promise<InsertedInFront> {
  const room = await lockRoom(client, settings, prompt)
  const active = room.activeReplyId === null ? null : await lockActive(client, room)
  if (!active) return { outcome: await insertPromptAndReply(client, settings, prompt), stopped: null }
  const stopped = active.waits ? null : await requestCancel(client, { userId: room.userId, id: active.id })
  const place = await findPlace(client, room, active)
  const moves = place.start !== null && !(await isAtOrBehind(client, prompt, place.start))
  const outcome = await insertPromptAndReply(client, settings, { ...prompt, ...parentAt(place, prompt) })
  if (outcome.outcome !== "written") return { outcome, stopped: null }
  const follows = prompt.parentId === undefined
  const startsNow = active.waits && moves
  if (moves) await moveWaiting(client, settings, { room, place, reply: outcome.reply, follows, startsNow })
  const both = await readBoth(client, room.userId, outcome)
  return { outcome: { ...outcome, ...both, startsNow }, stopped: stopped && { id: active.id, ...stopped } }
}

/** Whether the parent that the prompt names stands at `position` or behind it. */
async function isAtOrBehind(
  client: pg.ClientBase,
  { userId, parentId }: NewPrompt,
  position: number,
): Promise<boolean> {
  if (!parentId) return false
  const parent = await readMessage(client, { userId, id: parentId })
  return parent !== null && parent.position >= position
}

/** The room isn't touched before the prompt is charged: see there for the order of locks. */
function parentAt({ tipId }: Place, { parentId }: NewPrompt): Pick<NewPrompt, "parentId" | "endId"> {
  if (parentId !== undefined || tipId === null) return { parentId: parentId ?? null }
  return { parentId, endId: tipId }
}

/** The reply whose turn it is; `waits`: it is the first one to its prompt, and no worker has begun it. */
interface Active {
  id: string
  waits: boolean
  /** What a prompt follows that has nothing else to follow: the reply itself or, if that waits, what is before its prompt. */
  endId: string | null
}

/** Locked, so that no worker begins it meanwhile: what is read here of its attempts stays so. */
async function lockActive(
  client: pg.ClientBase,
  { userId, activeReplyId }: LockedRoom,
): Promise<Active | undefined> {
  const values = [userId, activeReplyId]
  await client.query({ name: "lock-active-reply", text: LOCK_ACTIVE, values })
  const { rows } = await client.query<Active>({ name: "read-active-reply", text: READ_ACTIVE, values })
  return rows[0]
}

const LOCK_ACTIVE = "SELECT FROM messages WHERE user_id = $1 AND id = $2 FOR UPDATE"

/** A prompt and its first reply are written together; another reply to it comes later. */
const FIRST = "p.position = r.position - 1"
const WAITS = `r.attempt = 0 AND r.retry = 0 AND ${FIRST}`

const READ_ACTIVE = `
  SELECT r.id, ${WAITS} AS waits, CASE WHEN ${WAITS} THEN p.parent_id ELSE r.id END AS "endId"
  FROM messages AS r JOIN messages AS p ON p.user_id = r.user_id AND p.id = r.parent_id
  WHERE r.user_id = $1 AND r.id = $2`

/** Where what waits begins. */
interface Place {
  /** The first position that waits; null: nothing does. */
  start: number | null
  /** The end of the shown branch, without what waits on it. */
  tipId: string | null
  /** Whether the shown branch goes on behind the tip. */
  headWaits: boolean
}

async function findPlace(client: pg.ClientBase, room: LockedRoom, active: Active): Promise<Place> {
  const { rows } = await client.query<BranchEnd>({
    name: "find-waiting",
    text: FIND_WAITING,
    values: [room.userId, room.id, active.waits ? null : active.id, room.headId],
  })
  const [head, tip] = [rows[0], rows.at(-1)]
  const start = head?.start ?? null
  // Where another reply to an earlier prompt waits, the branch without it would end in that prompt.
  if (tip?.isAnswered) return { start, tipId: active.endId, headWaits: false }
  return { start, tipId: tip && !tip.waits ? tip.id : null, headWaits: head?.waits ?? false }
}

interface BranchEnd {
  id: string
  start: number | null
  waits: boolean
  /** It is a prompt, and what waits below is a reply to it. */
  isAnswered: boolean
}

/** The shown branch from its end up to the first message that doesn't wait. */
const FIND_WAITING = `
  WITH RECURSIVE first AS (
    SELECT r.position - CASE WHEN ${FIRST} THEN 1 ELSE 0 END AS start
    FROM messages AS r JOIN messages AS p ON p.user_id = r.user_id AND p.id = r.parent_id
    WHERE r.user_id = $1 AND r.chatroom_id = $2 AND r.lease_until IS NOT NULL AND r.position > 0
      AND r.attempt = 0 AND r.retry = 0 AND r.id IS DISTINCT FROM $3
    ORDER BY r.position LIMIT 1
  ), branch AS (
    SELECT m.user_id, m.id, m.parent_id, m.role, m.position, false AS is_answered, 1 AS depth
    FROM messages AS m WHERE m.user_id = $1 AND m.id = $4
    UNION ALL
    SELECT m.user_id, m.id, m.parent_id, m.role, m.position, m.role = 'user' AND b.role = 'model', b.depth + 1
    FROM branch AS b ${parentOf("b")} AS m
    WHERE b.position >= (SELECT start FROM first)
  )
  SELECT id, start, position >= start IS TRUE AS waits, is_answered AND position < start AS "isAnswered"
  FROM branch LEFT JOIN first ON true ORDER BY depth`

interface Move {
  room: LockedRoom
  place: Place
  reply: MessageRecord
  /** Whether what follows the tip is to follow the reply. */
  follows: boolean
  /** Whether it was the turn of what moves. */
  startsNow: boolean
}

/** Moves what waits behind the prompt's reply. Listeners get to know of it as of new messages: positions only grow. */
async function moveWaiting(
  client: pg.ClientBase,
  { timing }: Settings,
  { room: { userId, id, headId }, place: { start, tipId, headWaits }, reply, follows, startsNow }: Move,
): Promise<void> {
  const head = follows && headWaits ? headId : reply.id
  const values = [userId, id, start, reply.position, follows, tipId, reply.id, head]
  await client.query({ name: "move-waiting", text: MOVE_WAITING, values })
  if (!startsNow) return
  await client.query({
    name: "make-active",
    text: MAKE_ACTIVE,
    values: [userId, id, reply.id, timing.replies.sweepAfterMs],
  })
}

/** What waits has no lease; of the one whose turn it was, that keeps workers off that are about to begin it. */
const MOVE_WAITING = `
  WITH moved AS (
    UPDATE messages AS m
    SET position = m.position + ($4::int + 1 - $3::int),
      lease_until = CASE WHEN m.lease_until IS NOT NULL THEN 'infinity'::timestamptz END,
      parent_id = CASE WHEN $5 AND m.role = 'user' AND m.parent_id IS NOT DISTINCT FROM $6 THEN $7 ELSE m.parent_id END
    WHERE m.user_id = $1 AND m.chatroom_id = $2 AND m.position >= $3 AND m.position < $4 - 1
    RETURNING m.position
  )
  UPDATE chatrooms SET head_id = $8, last_position = (SELECT max(position) FROM moved) WHERE user_id = $1 AND id = $2`

const MAKE_ACTIVE = `
  WITH leased AS (
    UPDATE messages SET lease_until = now() + $4 * interval '1 millisecond' WHERE user_id = $1 AND id = $3
  )
  UPDATE chatrooms SET active_reply_id = $3 WHERE user_id = $1 AND id = $2`

/** As they are, now that the others have moved. */
async function readBoth(
  client: pg.ClientBase,
  userId: string,
  written: { prompt: MessageRecord; reply: MessageRecord },
): Promise<{ prompt: MessageRecord; reply: MessageRecord }> {
  const prompt = (await readMessage(client, { userId, id: written.prompt.id })) ?? written.prompt
  const reply = (await readMessage(client, { userId, id: written.reply.id })) ?? written.reply
  return { prompt, reply }
}
