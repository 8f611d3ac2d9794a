import type pg from "pg"
import { CHATROOM_FIELDS } from "../../models/chatroom.ts"
import { selectSql } from "../../models/columns.ts"
import { MESSAGE_FIELDS } from "../../models/message.ts"
import type { UserRecord } from "../../models/user.ts"
import type { Context } from "../context.ts"
import { readUsage } from "../usage/quota.ts"

/** A message may have 100 KB, so this limits an export's memory to a few megabytes. */
const BATCH = 50

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
  yield `,"subscriptions":${JSON.stringify(await readSubscriptions(ctx, user.id))}`
  yield `,"entitlements":${JSON.stringify(await readEntitlements(ctx, user.id))}`
  yield ',"chatrooms":['
  yield* separated(readInBatches(ctx, CHATROOMS, [user.id], "id"), (room) => formatRoom(ctx, user.id, room))
  yield "]}\n"
}

async function* formatRoom(ctx: Context, userId: string, room: Row): AsyncGenerator<string> {
  yield `${JSON.stringify(room).slice(0, -1)},"messages":[`
  yield* separated(readInBatches(ctx, MESSAGES, [userId, room.id], "position"), formatOne)
  yield "]}"
}

async function* formatOne(row: Row): AsyncGenerator<string> {
  yield JSON.stringify(row)
}

async function* separated(rows: AsyncIterable<Row>, format: (row: Row) => AsyncIterable<string>) {
  let comma = ""
  for await (const row of rows) {
    yield comma
    yield* format(row)
    comma = ","
  }
}

function readSessions(ctx: Context, userId: string) {
  return ctx.models.Session.findAll({
    attributes: ["id", "openedBy", "userAgent", "address", "createdAt", "lastUsedAt", "expiresAt", "endedAt"],
    where: { userId },
    order: ["createdAt", "id"],
    raw: true,
  })
}

function readEntitlements(ctx: Context, userId: string) {
  return ctx.models.EntitlementEntry.findAll({
    attributes: ["at", "tier", "until", "reason", "cause", "eventId", "subscriptionId"],
    where: { userId },
    order: ["at", "id"],
    raw: true,
  })
}

async function readSubscriptions(ctx: Context, userId: string): Promise<Row[]> {
  return (await ctx.db.pool.query(SUBSCRIPTIONS, [userId])).rows
}

/** `text` reads of `owner` what follows the last row's `key` ($1, null at first), $2 rows at the most. */
async function* readInBatches(ctx: Context, text: string, owner: string[], key: string): AsyncGenerator<Row> {
  for (let last: unknown = null; ; ) {
    const { rows } = await ctx.db.pool.query(text, [last, BATCH, ...owner])
    yield* rows
    if (rows.length < BATCH) return
    last = rows.at(-1)[key]
  }
}

const SUBSCRIPTIONS = `
  SELECT s.id, c.stripe_id AS "stripeCustomerId", s.status, s.price_id AS "priceId",
    s.current_period_end AS "currentPeriodEnd", s.trial_end AS "trialEnd", s.cancel_at AS "cancelAt",
    s.canceled_at AS "canceledAt", s.ended_at AS "endedAt", s.paid_until AS "paidUntil", s.withheld,
    s.created_at AS "createdAt"
  FROM subscriptions AS s JOIN billing_customers AS c ON c.id = s.customer_id
  WHERE c.user_id = $1 ORDER BY s.created_at, s.id`

const ROOM_FIELDS = CHATROOM_FIELDS.filter((name) => name !== "activityAt")

const CHATROOMS = `
  SELECT ${selectSql(ROOM_FIELDS, "chatrooms")}
  FROM chatrooms WHERE user_id = $3 AND id > coalesce($1::uuid, '00000000-0000-0000-0000-000000000000')
  ORDER BY id LIMIT $2`

/** Their room is around them. */
const FIELDS = MESSAGE_FIELDS.filter((name) => name !== "chatroomId" && name !== "attempt")

const MESSAGES = `
  SELECT ${selectSql(FIELDS, "messages")}
  FROM messages WHERE user_id = $3 AND chatroom_id = $4 AND position > coalesce($1::int, -1)
  ORDER BY position LIMIT $2`
