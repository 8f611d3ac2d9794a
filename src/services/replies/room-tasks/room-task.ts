import type pg from "pg"
import type { Context } from "../../context.ts"
import { TODAY_SQL } from "../../usage/quota.ts"

export type RoomTaskKind = "title" | "summary"

/** Something to be made for a room in the background. Its row is there until it is done. */
export interface RoomTask {
  userId: string
  chatroomId: string
  /** The reply that a title is made after, or the last message that a summary covers. */
  messageId: string
  kind: RoomTaskKind
  /** From 1. */
  attempt: number
  /** The UTC day, YYYY-MM-DD, by whose prices the call is billed. */
  day: string
  /** It has waited for so long that it is no longer worth a call. */
  isStale: boolean
}

type TaskKey = Pick<RoomTask, "userId" | "messageId" | "kind">

/**
 * Notes that a room without a name may have a title now. It has one such task at most: later replies add none, and a
 * task that was given up keeps its row, so that nothing is tried again.
 */
export async function addTitleTask(
  client: pg.ClientBase,
  reply: { userId: string; chatroomId: string; id: string },
): Promise<void> {
  const values = [reply.userId, reply.id, reply.chatroomId]
  await client.query({ name: "add-title-task", text: ADD_TITLE, values })
}

const ADD_TITLE = `
  INSERT INTO room_tasks (user_id, message_id, chatroom_id, kind) VALUES ($1, $2, $3, 'title')
  ON CONFLICT DO NOTHING`

/**
 * Returns the same as a part of the statement that ends the reply.
 * @param ended a part with the reply's `user_id` and `id`, or with no row
 * @param isWanted a parameter: whether the room may have a title
 */
export function addTitleSql(
  ended: string,
  { chatroomId, isWanted }: { chatroomId: string; isWanted: string },
): string {
  return `INSERT INTO room_tasks (user_id, message_id, chatroom_id, kind)
    SELECT user_id, id, ${chatroomId}::uuid, 'title' FROM ${ended} WHERE ${isWanted}::boolean
    ON CONFLICT DO NOTHING`
}

/** Notes that the branch up to a message is to be summarized, unless it is, or that was given up. */
export async function addSummaryTask(
  ctx: Context,
  { userId, chatroomId, messageId }: Pick<RoomTask, "userId" | "chatroomId" | "messageId">,
): Promise<void> {
  await ctx.db.execute("add-summary-task", ADD_SUMMARY, [userId, messageId, chatroomId])
}

const ADD_SUMMARY = `
  INSERT INTO room_tasks (user_id, message_id, chatroom_id, kind)
  SELECT m.user_id, m.id, m.chatroom_id, 'summary' FROM messages AS m
  WHERE m.user_id = $1 AND m.id = $2 AND m.chatroom_id = $3
    AND NOT EXISTS (SELECT 1 FROM room_summaries AS made WHERE made.user_id = $1 AND made.message_id = $2)
  ON CONFLICT DO NOTHING`

/**
 * Takes up to `count` due tasks for this process. A task is due again when its process hasn't settled it within the
 * lease: the process has died.
 */
export async function claimRoomTasks(ctx: Context, count: number): Promise<RoomTask[]> {
  const { leaseMs, staleMs } = ctx.timing.roomTasks
  const { rows } = await ctx.db.execute<RoomTask>("claim-room-tasks", CLAIM, [count, leaseMs, staleMs])
  return rows
}

const CLAIM = `
  WITH due AS (
    SELECT user_id, message_id, kind FROM room_tasks WHERE due_at <= now() ORDER BY due_at LIMIT $1
    FOR UPDATE SKIP LOCKED
  )
  UPDATE room_tasks AS task
  SET attempts = least(attempts, 100) + 1, due_at = now() + $2 * interval '1 millisecond'
  FROM due WHERE task.user_id = due.user_id AND task.message_id = due.message_id AND task.kind = due.kind
  RETURNING task.user_id AS "userId", task.chatroom_id AS "chatroomId", task.message_id AS "messageId", task.kind,
    task.attempts AS attempt, ${TODAY_SQL}::text AS day, task.created_at < now() - $3 * interval '1 millisecond' AS "isStale"`

/** Puts a task off. @param counts whether the attempt was one */
export async function delayRoomTask(
  ctx: Context,
  task: TaskKey & Pick<RoomTask, "attempt">,
  { inMs, counts }: { inMs: number; counts: boolean },
): Promise<void> {
  await ctx.db.execute("delay-room-task", DELAY, [...keyOf(task), task.attempt, counts ? 0 : 1, inMs])
}

/** Only as long as no other process has taken it: its attempt is another. */
const DELAY = `
  UPDATE room_tasks SET attempts = attempts - $5::int, due_at = now() + $6 * interval '1 millisecond'
  WHERE user_id = $1 AND message_id = $2 AND kind = $3 AND attempts = $4 AND due_at IS NOT NULL`

/** Keeps the row of a task that is never to be tried again. */
export async function giveUpRoomTask(ctx: Context, task: TaskKey): Promise<void> {
  await ctx.db.execute("give-up-room-task", GIVE_UP, keyOf(task))
}

const GIVE_UP = "UPDATE room_tasks SET due_at = NULL WHERE user_id = $1 AND message_id = $2 AND kind = $3"

/** Removes a task that is done, or has lost its purpose. */
export async function removeRoomTask(ctx: Context, task: TaskKey): Promise<void> {
  await ctx.db.execute("remove-room-task", REMOVE, keyOf(task))
}

const REMOVE = "DELETE FROM room_tasks WHERE user_id = $1 AND message_id = $2 AND kind = $3"

const keyOf = ({ userId, messageId, kind }: TaskKey) => [userId, messageId, kind]
