import type pg from "pg"
import { CHATROOM_FIELDS } from "../../models/chatroom.ts"
import { selectSql } from "../../models/columns.ts"
import { MESSAGE_FIELDS } from "../../models/message.ts"
import type { UserRecord } from "../../models/user.ts"
import { textBytesSql } from "../chat/message-record.ts"
import type { Context } from "../context.ts"
import { listShares } from "../sharing/own-share.ts"
import { listImports } from "../transfer/import-record.ts"
import { readUsage } from "../usage/quota.ts"
import { formatSummaries } from "./export-summaries.ts"

/** Rows in one read. Of long messages there are fewer, so that an export takes a few megabytes of memory. */
const ROOMS_AT_ONCE = 200
const MESSAGES_AT_ONCE = 500
const MAX_READ_BYTES = 1024 * 1024

type Row = pg.QueryResultRow

/**
 * Exports everything stored about a user as one JSON document, in pieces. It reads one batch at a time, as fast as
 * the client does. Rows that are written meanwhile may be missing.
 */
export async function* exportUser(ctx: Context, user: UserRecord): AsyncGenerator<string> {
  const { id, mobileNumber, name, tier, passwordHash, createdAt } = user
  const known = { id, mobileNumber, name, tier, hasPassword: passwordHash !== null, createdAt }
  yield `{"exportedAt":${JSON.stringify(new Date())}`
  yield `,"user":${JSON.stringify(known)}`
  yield `,"sessions":${JSON.stringify(await readSessions(ctx, user.id))}`
  yield `,"usage":${JSON.stringify(await readUsage(ctx.db.pool, user.id))}`
  yield `,"modelUsage":${JSON.stringify(await readModelUsage(ctx, user.id))}`
  yield `,"subscriptions":${JSON.stringify(await readSubscriptions(ctx, user.id))}`
  yield `,"entitlements":${JSON.stringify(await readEntitlements(ctx, user.id))}`
  yield `,"imports":${JSON.stringify(await listImports(ctx, user.id))}`
  yield ',"attachments":'
  yield* formatAttachments(ctx, user.id)
  yield ',"shares":['
  yield* formatShares(ctx, user.id)
  yield '],"summaries":'
  yield* formatSummaries(ctx, user.id)
  yield ',"chatrooms":['
  yield* formatRooms(ctx, user.id)
  yield "]}\n"
}

async function* formatShares(ctx: Context, userId: string): AsyncGenerator<string> {
  let comma = ""
  for await (const shares of listShares(ctx, userId)) {
    yield comma + shares.map((share) => JSON.stringify(share)).join(",")
    comma = ","
  }
}

/** Files are named, and can be downloaded by their ids: with them an export could be gigabytes long. */
async function* formatAttachments(ctx: Context, userId: string): AsyncGenerator<string> {
  let separator = "["
  for (let lastId: string | null = null; ; ) {
    const files: Row[] = await read(ctx, userId, ATTACHMENTS, [lastId, ROOMS_AT_ONCE])
    if (files.length > 0) yield separator + files.map((file) => JSON.stringify(file)).join(",")
    if (files.length > 0) separator = ","
    if (files.length < ROOMS_AT_ONCE) break
    lastId = files.at(-1)?.id
  }
  yield separator === "[" ? "[]" : "]"
}

async function* formatRooms(ctx: Context, userId: string): AsyncGenerator<string> {
  let comma = ""
  for await (const rooms of readRooms(ctx, userId)) {
    const write = createRoomWriter(rooms)
    yield comma
    comma = ","
    for await (const messages of readMessages(ctx, userId, rooms)) yield write(messages)
    yield write([])
  }
}

/**
 * Returns a function that formats rooms with their messages, of which each call gets the next ones, in the order of the
 * rooms; without messages it formats what is left. A page at a time: a piece for each message would take longer than
 * reading it.
 */
function createRoomWriter(rooms: Row[]): (messages: RoomMessage[]) => string {
  let at = -1
  let separator = ""
  const goTo = (n: number) => {
    let text = ""
    for (; at < n; at++) {
      const next = rooms[at + 1]
      text += at < 0 ? "" : `]}${next ? "," : ""}`
      const { lastPosition, ...room } = next ?? {}
      if (next) text += `${JSON.stringify(room).slice(0, -1)},"messages":[`
      separator = ""
    }
    return text
  }
  return (messages) => {
    let text = messages.length === 0 ? goTo(rooms.length) : ""
    for (const { n, message } of messages) {
      text += `${goTo(n)}${separator}${JSON.stringify(message)}`
      separator = ","
    }
    return text
  }
}

/** A message and the index of its room. */
interface RoomMessage {
  n: number
  message: Row
}

async function* readRooms(ctx: Context, userId: string): AsyncGenerator<Row[]> {
  for (let lastId: string | null = null; ; ) {
    const rooms: Row[] = await read(ctx, userId, CHATROOMS, [lastId, ROOMS_AT_ONCE])
    if (rooms.length > 0) yield rooms
    if (rooms.length < ROOMS_AT_ONCE) return
    lastId = rooms.at(-1)?.id
  }
}

/** Yields pages of the messages of `rooms`, in their order. */
async function* readMessages(ctx: Context, userId: string, rooms: Row[]): AsyncGenerator<RoomMessage[]> {
  for (let first = 0, after = -1; first < rooms.length; ) {
    const ids = roomsOfOneRead(rooms, first).map(({ id }) => id)
    const rows = await read(ctx, userId, MESSAGES, [ids, after, MESSAGES_AT_ONCE, MAX_READ_BYTES])
    const start = first - 1
    if (rows.length > 0) yield rows.map(({ n, found, ...message }) => ({ n: start + n, message }))
    const last = rows.at(-1)
    const isCut = last && (rows.length < last.found || last.found === MESSAGES_AT_ONCE)
    first += isCut ? last.n - 1 : ids.length
    after = isCut ? last.position : -1
  }
}

/** Returns the rooms from `first` on whose messages fill a read: of more, it would read messages only to drop them. */
function roomsOfOneRead(rooms: Row[], first: number): Row[] {
  let end = first
  for (let messages = 0; end < rooms.length && messages < MESSAGES_AT_ONCE; end++)
    messages += rooms[end]?.lastPosition
  return rooms.slice(first, end)
}

/**
 * In turns with the user's other reads, so that exports don't keep everybody else waiting. Never refused: the response
 * has begun.
 */
async function read(ctx: Context, userId: string, text: string, values: unknown[]): Promise<Row[]> {
  const query = () => ctx.db.pool.query(text, [userId, ...values])
  return (await ctx.heavyReads.run(userId, query, { mayRefuse: false })).rows
}

async function readSessions(ctx: Context, userId: string) {
  const { Session } = await ctx.models()
  return Session.findAll({
    attributes: ["id", "openedBy", "userAgent", "address", "createdAt", "lastUsedAt", "expiresAt", "endedAt"],
    where: { userId },
    order: ["createdAt", "id"],
    raw: true,
  })
}

async function readEntitlements(ctx: Context, userId: string) {
  const { EntitlementEntry } = await ctx.models()
  return EntitlementEntry.findAll({
    attributes: ["at", "tier", "until", "reason", "cause", "eventId", "subscriptionId"],
    where: { userId },
    order: ["at", "id"],
    raw: true,
  })
}

/** Some rows a day at the most. */
async function readModelUsage(ctx: Context, userId: string): Promise<Row[]> {
  return (await ctx.db.pool.query(MODEL_USAGE, [userId])).rows
}

const MODEL_USAGE = `
  SELECT day::text, model, kind, prompts, calls, prompt_tokens::float8 AS "promptTokens",
    cached_tokens::float8 AS "cachedTokens", output_tokens::float8 AS "outputTokens",
    thought_tokens::float8 AS "thoughtTokens", tool_tokens::float8 AS "toolTokens",
    search_queries::float8 AS "searchQueries", cost_amount::text AS "costAmount"
  FROM model_usage WHERE user_id = $1 ORDER BY day, model, kind`

async function readSubscriptions(ctx: Context, userId: string): Promise<Row[]> {
  return (await ctx.db.pool.query(SUBSCRIPTIONS, [userId])).rows
}

const SUBSCRIPTIONS = `
  SELECT s.id, c.stripe_id AS "stripeCustomerId", s.status, s.price_id AS "priceId",
    s.current_period_end AS "currentPeriodEnd", s.trial_end AS "trialEnd", s.cancel_at AS "cancelAt",
    s.canceled_at AS "canceledAt", s.ended_at AS "endedAt", s.paid_until AS "paidUntil", s.withheld,
    s.created_at AS "createdAt"
  FROM subscriptions AS s JOIN billing_customers AS c ON c.id = s.customer_id
  WHERE c.user_id = $1 ORDER BY s.created_at, s.id`

const ATTACHMENTS = `
  SELECT id, name, type, bytes::int AS bytes, width, height, pages, '/attachment/' || id AS content,
    created_at AS "createdAt"
  FROM attachments WHERE user_id = $1 AND ready_at IS NOT NULL
    AND id > coalesce($2::uuid, '00000000-0000-0000-0000-000000000000')
  ORDER BY id LIMIT $3`

const ROOM_FIELDS = CHATROOM_FIELDS.filter((name) => name !== "activityAt")

const CHATROOMS = `
  SELECT ${selectSql([...ROOM_FIELDS, "lastPosition"], "chatrooms")}
  FROM chatrooms WHERE user_id = $1 AND id > coalesce($2::uuid, '00000000-0000-0000-0000-000000000000')
  ORDER BY id LIMIT $3`

/** Their room is around them. */
const FIELDS = MESSAGE_FIELDS.filter((name) => name !== "chatroomId" && name !== "attempt")

/** $2 are rooms, of whose first one the messages up to position $3 are left out. */
const MESSAGES = `
  WITH found AS (
    SELECT m.*, sum(${textBytesSql("m")}) OVER earlier AS bytes_before, count(*) OVER ()::int AS found
    FROM (
      SELECT room.n::int AS n, m.* FROM unnest($2::uuid[]) WITH ORDINALITY AS room (id, n)
        CROSS JOIN LATERAL (
          SELECT * FROM messages
          WHERE user_id = $1 AND chatroom_id = room.id AND position > CASE room.n WHEN 1 THEN $3::int ELSE -1 END
          ORDER BY position LIMIT $4
        ) AS m
      ORDER BY room.n, m.position LIMIT $4
    ) AS m
    WINDOW earlier AS (ORDER BY m.n, m.position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
  )
  SELECT n, found, ${selectSql(FIELDS, "found")}
  FROM found WHERE coalesce(bytes_before, 0) < $5 ORDER BY n, position`
