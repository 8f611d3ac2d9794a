import { CHATROOM_FIELDS, CHATROOM_SETTINGS, type ChatroomRecord } from "../../../models/chatroom.ts"
import { selectSql } from "../../../models/columns.ts"
import type { ChatroomKey } from "../../chat/find-chatroom.ts"
import { isFinal, type MessageKey, type MessageRecord, messageSql } from "../../chat/message-record.ts"
import { subscribeToRoom } from "../../chat/room-pubsub.ts"
import type { Context } from "../../context.ts"
import { catchUp, createWaker, type ReplyEvent } from "./follow-reply.ts"
import type { LiveListener } from "./live-replies.ts"
import { beginReply, type Candidate, chooseReply, type Followed, forgetHalf, pass } from "./next-reply.ts"
import { type Revision, revisions } from "./revisions.ts"
import {
  currentRoomCursor,
  formatRoomCursor as idOf,
  parseRoomCursor,
  type RoomCursor,
} from "./room-cursor.ts"

/**
 * `chatroom`: the room's fields, at first and when they change. `message`: a prompt or a reply was added, or changed
 * beside its text, or a reply was cancelled before its turn; its `done` still comes in order. `message_deleted`: it is
 * gone with all that followed it. `deleted`: the end.
 */
export type RoomEvent =
  | { event: "chatroom"; id: string; room: ChatroomRecord }
  | { event: "message"; id: string; message: MessageRecord }
  | { event: "message_deleted"; id: string; messageId: string }
  | { event: "reply"; id: string; messageId: string; change: ReplyEvent }
  | { event: "deleted"; id: string }

/**
 * Yields the events of a room after `lastEventId`, from all devices and processes. Without an id it begins now, with
 * the text so far of the reply in progress. Ends when `signal` aborts or the room is deleted.
 */
export async function* followRoom(
  ctx: Context,
  { chatroom, lastEventId, signal }: { chatroom: ChatroomKey; lastEventId?: string; signal: AbortSignal },
): AsyncGenerator<RoomEvent> {
  const waker = createWaker(signal)
  const wake = () => waker.wake("state")
  const stops = [subscribeToRoom(ctx, chatroom.id, wake), ctx.rowWatch.watch("room", chatroom, wake)]
  let current: Followed | null = null
  let sentFields = ""
  /** Cancelled replies that the listener knows of before their `done`. */
  const announced = new Set<string>()
  try {
    const cursor = parseRoomCursor(lastEventId) ?? (await currentRoomCursor(ctx, chatroom))
    while (!signal.aborted) {
      const checked = waker.take() === "state"
      if (checked) {
        const room = await readRoom(ctx, chatroom)
        if (!room) return yield { event: "deleted", id: idOf(cursor) }
        const fields = fieldsOf(room)
        if (fields !== sentFields) yield { event: "chatroom", id: idOf(cursor), room }
        sentFields = fields
        yield* announceNew(ctx, chatroom, { cursor, announced })
        for await (const revision of revisions(ctx, room, cursor)) {
          if ("deletedId" in revision && current === null) forgetHalf(cursor)
          yield toEvent(revision, cursor)
        }
        const next = await chooseReply(ctx, { chatroom, retries: room.retries }, cursor, current)
        if (next !== current) {
          current?.live.leave()
          current = next && {
            ...next,
            live: followLive(ctx, { userId: chatroom.userId, id: next.id }, waker),
          }
          if (next && beginReply(next, cursor)) yield resetOf(next, cursor)
        }
      }
      const came = current && (yield* followOne(current, cursor))
      if (came === "unsure") waker.wake("state")
      else if (current && came === "all") {
        current.live.leave()
        current = null
        waker.wake("state")
      } else if (current && checked) {
        yield* announceCancelled(ctx, chatroom, { cursor, current, announced })
      }
      await waker.wait()
    }
  } finally {
    for (const stop of stops) stop()
    current?.live.leave()
  }
}

function toEvent(revision: Revision, cursor: RoomCursor): RoomEvent {
  const id = idOf(cursor)
  return "deletedId" in revision
    ? { event: "message_deleted", id, messageId: revision.deletedId }
    : { event: "message", id, message: revision.changed }
}

/** Returns the fields whose change is a `chatroom` event. The times are left out: every message changes them. */
function fieldsOf(room: ChatroomRecord): string {
  return JSON.stringify([...CHATROOM_SETTINGS, "headId" as const].map((name) => room[name]))
}

interface Room extends ChatroomRecord, ChatroomKey {
  /** How many dead letters were retried. */
  retries: number
  /** How many changes there were to messages that were announced before. */
  revisions: number
}

async function readRoom(ctx: Context, { userId, id }: ChatroomKey): Promise<Room | null> {
  const { rows } = await ctx.db.execute<Room>("read-room", READ_ROOM, [userId, id])
  return rows[0] ?? null
}

const READ_ROOM = `
  SELECT ${selectSql([...CHATROOM_FIELDS, "userId", "retries", "revisions"], "chatrooms")} FROM chatrooms WHERE user_id = $1 AND id = $2`

async function* announceNew(
  ctx: Context,
  { userId, id }: ChatroomKey,
  { cursor, announced }: { cursor: RoomCursor; announced: Set<string> },
): AsyncGenerator<RoomEvent> {
  for (;;) {
    const { rows } = await ctx.db.execute<MessageRecord>("new-messages", NEW, [userId, id, cursor.known])
    for (const message of rows) {
      cursor.known = message.position
      if (message.status === "cancelled") announced.add(message.id)
      yield { event: "message", id: idOf(cursor), message }
    }
    if (rows.length < NEW_AT_ONCE) return
  }
}

/** Long messages make megabytes of them. */
const NEW_AT_ONCE = 20
const NEW = `
  SELECT ${messageSql("m")} FROM messages AS m
  WHERE m.user_id = $1 AND m.chatroom_id = $2 AND m.position > $3 ORDER BY m.position LIMIT ${NEW_AT_ONCE}`

/**
 * Announces, once, each reply behind the followed one that was cancelled before its turn. Only waiting replies are
 * behind it, so there is little to search. A listener that resumes may get an announcement again.
 */
async function* announceCancelled(
  ctx: Context,
  { userId, id }: ChatroomKey,
  { cursor, current, announced }: { cursor: RoomCursor; current: Followed; announced: Set<string> },
): AsyncGenerator<RoomEvent> {
  const after = Math.max(cursor.whole, current.position)
  if (after >= cursor.known) return
  const values = [userId, id, after, cursor.known, [...announced]]
  const { rows } = await ctx.db.execute<MessageRecord>("cancelled-replies", CANCELLED, values)
  for (const message of rows) {
    announced.add(message.id)
    yield { event: "message", id: idOf(cursor), message }
  }
}

const CANCELLED = `
  SELECT ${messageSql("m")} FROM messages AS m
  WHERE m.user_id = $1 AND m.chatroom_id = $2 AND m.position > $3 AND m.position <= $4 AND m.status = 'cancelled'
    AND m.id <> ALL ($5::uuid[])
  ORDER BY m.position LIMIT ${NEW_AT_ONCE}`

function followLive(ctx: Context, reply: MessageKey, waker: ReturnType<typeof createWaker>): LiveListener {
  return ctx.liveReplies.follow(reply, () => waker.wake("text"))
}

function resetOf({ id, attempt }: Candidate, cursor: RoomCursor): RoomEvent {
  return { event: "reply", id: idOf(cursor), messageId: id, change: { event: "reset", id: "", attempt } }
}

/**
 * Yields the new events of one reply.
 * @returns whether that was all, or whether the reply has begun since it was chosen: it is to be chosen again, because
 * another may have been made in front of it meanwhile
 */
async function* followOne(
  current: Followed,
  cursor: RoomCursor,
): AsyncGenerator<RoomEvent, "some" | "all" | "unsure"> {
  const wrap = (change: ReplyEvent): RoomEvent => ({
    event: "reply",
    id: idOf(cursor),
    messageId: current.id,
    change,
  })
  const now = await current.live.read()
  if (!current.begun && now.row && (now.attempt > 0 || isFinal(now.row))) return "unsure"
  if (now.row) for (const change of catchUp(cursor.reply, now)) yield wrap(change)
  if (now.row && !isFinal(now.row)) return "some"
  pass(cursor, current)
  if (now.row) yield wrap({ event: "done", id: "", message: now.row })
  return "all"
}
