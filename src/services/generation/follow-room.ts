import { toCamelCase } from "../../utils/records.ts"
import { CHATROOM_COLUMNS, type ChatroomRecord } from "../chat/chatroom-record.ts"
import { isFinal, MESSAGE_COLUMNS, type MessageRecord } from "../chat/message-record.ts"
import { subscribeToRoom } from "../chat/room-notices.ts"
import type { Context } from "../context.ts"
import { advance, catchUp, createWaker, type Place, type ReplyEvent } from "./follow-reply.ts"
import type { LogPosition } from "./reply-log.ts"

/** `chatroom`: its fields, at first and when they change. `message`: a prompt or a reply was added. `deleted`: the end. */
export type RoomEvent =
  | { event: "chatroom"; id: string; room: ChatroomRecord }
  | { event: "message"; id: string; message: MessageRecord }
  | { event: "reply"; id: string; messageId: string; change: ReplyEvent }
  | { event: "deleted"; id: string }

/**
 * Where a listener is: which messages it knows of, which replies it has whole, and how much of the next. A room's
 * replies are made one at a time in the order of their positions, so these four numbers are enough.
 */
interface RoomPlace {
  known: number
  whole: number
  reply: Place
}

const idOf = ({ known, whole, reply }: RoomPlace) => `${known}.${whole}.${reply.attempt}-${reply.characters}`

/**
 * Everything that happens in a room, whichever device or process does it, from `lastEventId` on; without one from
 * now, with the text so far of the reply that is being made. Ends when `signal` aborts or the room is deleted.
 */
export async function* followRoom(
  ctx: Context,
  { chatroomId, lastEventId, signal }: { chatroomId: string; lastEventId?: string; signal: AbortSignal },
): AsyncGenerator<RoomEvent> {
  const woken = createWaker(signal)
  const unsubscribe = subscribeToRoom(ctx, chatroomId, () => woken.wake("state"))
  const place = readRoomPlace(lastEventId) ?? (await placeNow(ctx, chatroomId))
  let current: Followed | null = null
  let shown = ""
  try {
    while (!signal.aborted) {
      const looked = woken.take() === "state"
      if (looked) {
        const room = await readRoom(ctx, chatroomId)
        if (!room) return yield { event: "deleted", id: idOf(place) }
        if (JSON.stringify(describe(room)) !== shown) yield { event: "chatroom", id: idOf(place), room }
        shown = JSON.stringify(describe(room))
        yield* announceNew(ctx, chatroomId, place)
        current ??= await followNext(ctx, chatroomId, place, woken.wake)
      }
      if (current && (yield* followOne(ctx, current, place, looked))) {
        current.unsubscribe()
        current = null
        woken.wake("state")
      }
      await woken.wait()
    }
  } finally {
    unsubscribe()
    current?.unsubscribe()
  }
}

/** What a `chatroom` event is sent for: the times change with every message. */
function describe({ name, model, systemInstruction, context, headId }: ChatroomRecord) {
  return { name, model, systemInstruction, context, headId }
}

function readRoomPlace(lastEventId: string | undefined): RoomPlace | null {
  const numbers = /^(\d{1,9})\.(\d{1,9})\.(\d{1,9})-(\d{1,9})$/
    .exec(lastEventId ?? "")
    ?.slice(1)
    .map(Number)
  if (!numbers) return null
  const [known = 0, whole = 0, attempt = 0, characters = 0] = numbers
  return { known, whole, reply: { attempt, characters } }
}

async function placeNow(ctx: Context, chatroomId: string): Promise<RoomPlace> {
  const { rows } = await ctx.db.pool.query<{ known: number; whole: number }>({
    name: "room-now",
    text: NOW,
    values: [chatroomId],
  })
  return { known: rows[0]?.known ?? 0, whole: rows[0]?.whole ?? 0, reply: { attempt: 0, characters: 0 } }
}

const NOW = `
  SELECT last_position AS known, coalesce(
    (SELECT min(position) - 1 FROM messages WHERE chatroom_id = c.id AND status IN ('queued', 'running')),
    last_position) AS whole
  FROM chatrooms AS c WHERE id = $1`

async function readRoom(ctx: Context, chatroomId: string): Promise<ChatroomRecord | null> {
  const { rows } = await ctx.db.pool.query({ name: "read-room", text: READ_ROOM, values: [chatroomId] })
  return rows[0] ? toCamelCase<ChatroomRecord>(rows[0]) : null
}

const READ_ROOM = `SELECT ${CHATROOM_COLUMNS} FROM chatrooms WHERE id = $1`

async function* announceNew(ctx: Context, chatroomId: string, place: RoomPlace): AsyncGenerator<RoomEvent> {
  for (;;) {
    const { rows } = await ctx.db.pool.query({
      name: "new-messages",
      text: NEW,
      values: [chatroomId, place.known],
    })
    for (const row of rows) {
      const message = toCamelCase<MessageRecord>(row)
      place.known = message.position
      yield { event: "message", id: idOf(place), message }
    }
    if (rows.length < NEW_AT_ONCE) return
  }
}

const NEW_AT_ONCE = 100
const NEW = `
  SELECT ${MESSAGE_COLUMNS} FROM messages AS m
  WHERE m.chatroom_id = $1 AND m.position > $2 ORDER BY m.position LIMIT ${NEW_AT_ONCE}`

/** The reply that is followed now. */
interface Followed {
  id: string
  position: number
  log: LogPosition
  unsubscribe(): void
}

async function followNext(
  ctx: Context,
  chatroomId: string,
  place: RoomPlace,
  wake: (what: "text" | "state") => void,
): Promise<Followed | null> {
  const { rows } = await ctx.db.pool.query<{ id: string; position: number }>({
    name: "next-reply",
    text: NEXT,
    values: [chatroomId, place.whole],
  })
  const next = rows[0]
  return next ? { ...next, log: null, unsubscribe: ctx.replyLog.subscribe(next.id, wake) } : null
}

const NEXT = `
  SELECT id, position FROM messages
  WHERE chatroom_id = $1 AND position > $2 AND role = 'model' ORDER BY position LIMIT 1`

/** Yields what is new of one reply. @returns whether it has ended */
async function* followOne(
  ctx: Context,
  current: Followed,
  place: RoomPlace,
  look: boolean,
): AsyncGenerator<RoomEvent, boolean> {
  const wrap = (change: ReplyEvent): RoomEvent => ({
    event: "reply",
    id: idOf(place),
    messageId: current.id,
    change,
  })
  if (look) {
    const { rows } = await ctx.db.pool.query({ name: "read-reply", text: READ_REPLY, values: [current.id] })
    if (!rows[0]) {
      place.whole = current.position
      return true
    }
    const message = toCamelCase<MessageRecord>(rows[0])
    for (const change of catchUp(place.reply, message)) yield wrap(change)
    if (isFinal(message)) {
      // Whoever goes on from here goes on with the next reply, of which nothing is known.
      place.whole = current.position
      place.reply = { attempt: 0, characters: 0 }
      yield wrap({ event: "done", id: "", message })
      return true
    }
  }
  const fresh = await ctx.replyLog.read(current.id, current.log)
  current.log = fresh.position
  for (const entry of fresh.entries) for (const change of advance(place.reply, entry)) yield wrap(change)
  return false
}

const READ_REPLY = `SELECT ${MESSAGE_COLUMNS} FROM messages AS m WHERE m.id = $1`
