import { CHATROOM_FIELDS, type ChatroomRecord } from "../../../models/chatroom.ts"
import { selectSql } from "../../../models/columns.ts"
import { SECOND } from "../../../utils/time.ts"
import { subscribeToRoomList } from "../../chat/room-pubsub.ts"
import type { Context } from "../../context.ts"
import { createWaker } from "./follow-reply.ts"
import {
  currentRoomListCursor,
  formatRoomListCursor as idOf,
  parseRoomListCursor,
  type RoomListCursor,
  writtenSinceSql,
} from "./room-list-cursor.ts"

/**
 * `reset`: what the listener knows of the list may be out of date. `chatroom`: a room was created or changed, or a reply
 * in it began or ended. `deleted`: a room is gone.
 */
export type RoomListEvent = { id: string } & (
  | { event: "reset" }
  | { event: "chatroom"; room: ChatroomRecord }
  | { event: "deleted"; chatroomId: string }
)

/** An event whose id isn't known yet. */
type Change = { event: "chatroom"; room: ChatroomRecord } | { event: "deleted"; chatroomId: string }

interface FollowRoomList {
  userId: string
  lastEventId?: string | undefined
  signal: AbortSignal
}

/**
 * Follows the changes of a user's list of chatrooms after `lastEventId`, from all devices and processes: of each room its
 * newest state. Without an id, or with one that is too old to know what was deleted since, it begins now, with a `reset`.
 * Ends when `signal` aborts.
 * @throws {Unavailable} before the first event, when the database can't be asked
 */
export async function followRoomList(
  ctx: Context,
  follow: FollowRoomList,
): Promise<AsyncGenerator<RoomListEvent>> {
  return changesSince(ctx, follow, await currentRoomListCursor(ctx))
}

async function* changesSince(
  ctx: Context,
  { userId, lastEventId, signal }: FollowRoomList,
  now: RoomListCursor,
): AsyncGenerator<RoomListEvent> {
  const waker = createWaker(signal)
  const wake = () => waker.wake("state")
  const row = { userId, id: userId }
  const stops = [subscribeToRoomList(ctx, userId, wake), ctx.rowWatch.watch("list", row, wake)]
  try {
    const resumed = resumable(ctx, parseRoomListCursor(lastEventId), now)
    if (!resumed) yield { event: "reset", id: idOf(now) }
    let cursor = resumed ?? now
    const sent: Sent = { before: new Map(), now: new Map() }
    while (!signal.aborted) {
      waker.take()
      const next = await currentRoomListCursor(ctx)
      yield* withIds(readChanges(ctx, { userId, cursor, sent }), cursor, next)
      cursor = next
      sent.before = sent.now
      sent.now = new Map()
      await waker.wait()
    }
  } finally {
    for (const stop of stops) stop()
  }
}

/** Deleted rooms are remembered for so long that a listener who was away for half of it surely finds them. */
function resumable(
  { timing }: Context,
  cursor: RoomListCursor | null,
  now: RoomListCursor,
): RoomListCursor | null {
  if (!cursor) return null
  const awayMs = (now.seconds - cursor.seconds) * SECOND
  // A number from the future is another database's.
  const isOurs = cursor.transaction <= now.transaction && awayMs >= 0
  return isOurs && awayMs < timing.retention.deletedChatroomsMs / 2 ? cursor : null
}

/** The last change leads to the next cursor; after any other a listener that resumes gets all of them again. */
async function* withIds(
  changes: AsyncIterable<Change>,
  cursor: RoomListCursor,
  next: RoomListCursor,
): AsyncGenerator<RoomListEvent> {
  let held: Change | null = null
  for await (const change of changes) {
    if (held) yield { ...held, id: idOf(cursor) }
    held = change
  }
  if (held) yield { ...held, id: idOf(next) }
}

/** Which writes of which rows were found in the last pass and in this one: they overlap, and nothing is sent twice. */
interface Sent {
  before: Map<string, string>
  now: Map<string, string>
}

interface Since {
  userId: string
  cursor: RoomListCursor
  sent: Sent
}

async function* readChanges(ctx: Context, since: Since): AsyncGenerator<Change> {
  for await (const { write, ...room } of readPages<ChatroomRecord & Found>(
    ctx,
    "changed-rooms",
    CHANGED,
    since,
  ))
    if (isNew(since.sent, room.id, write)) yield { event: "chatroom", room }
  for await (const { id, write } of readPages<Found>(ctx, "deleted-rooms", DELETED, since))
    if (isNew(since.sent, id, write)) yield { event: "deleted", chatroomId: id }
}

function isNew({ before, now }: Sent, id: string, write: string): boolean {
  now.set(id, write)
  return before.get(id) !== write
}

interface Found {
  id: string
  /** Number of the transaction that wrote the row. */
  write: string
}

/** Rooms may have long instructions. */
const AT_ONCE = 50

async function* readPages<Row extends Found>(
  ctx: Context,
  name: string,
  sql: string,
  { userId, cursor }: Since,
): AsyncGenerator<Row> {
  for (let after: string | null = null; ; ) {
    const values: unknown[] = [userId, String(cursor.transaction), after]
    const { rows } = await ctx.db.execute<Row>(name, sql, values)
    yield* rows
    if (rows.length < AT_ONCE) return
    after = (rows.at(-1) as Row).id
  }
}

/** Reads all that the user has: an index by the writes would cost every prompt more than this costs a listener. */
const CHANGED = `
  SELECT c.xmin::text AS write, ${selectSql(CHATROOM_FIELDS, "c")} FROM chatrooms AS c
  WHERE c.user_id = $1 AND c.id > coalesce($3::uuid, '00000000-0000-0000-0000-000000000000')
    AND ${writtenSinceSql("c", 2)}
  ORDER BY c.id LIMIT ${AT_ONCE}`

/** A room that was imported again under its id isn't gone. */
const DELETED = `
  SELECT d.xmin::text AS write, d.id FROM deleted_chatrooms AS d
  WHERE d.user_id = $1 AND d.id > coalesce($3::uuid, '00000000-0000-0000-0000-000000000000')
    AND ${writtenSinceSql("d", 2)}
    AND NOT EXISTS (SELECT FROM chatrooms AS c WHERE c.user_id = d.user_id AND c.id = d.id)
  ORDER BY d.id LIMIT ${AT_ONCE}`
