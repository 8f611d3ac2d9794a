import type pg from "pg"
import type { Context } from "../context.ts"
import type { UserRecord } from "../users/user-record.ts"

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
  yield `,"usage":${JSON.stringify(await readAll(ctx, USAGE, user.id))}`
  yield `,"subscriptions":${JSON.stringify(await readAll(ctx, SUBSCRIPTIONS, user.id))}`
  yield `,"entitlements":${JSON.stringify(await readEntitlements(ctx, user.id))}`
  yield ',"chatrooms":['
  yield* separated(readInBatches(ctx, CHATROOMS, user.id, "id"), (room) => formatRoom(ctx, room))
  yield "]}\n"
}

async function* formatRoom(ctx: Context, room: Row): AsyncGenerator<string> {
  yield `${JSON.stringify(room).slice(0, -1)},"messages":[`
  yield* separated(readInBatches(ctx, MESSAGES, room.id, "position"), formatOne)
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

async function readAll(ctx: Context, text: string, owner: string): Promise<Row[]> {
  return (await ctx.db.pool.query(text, [owner])).rows
}

/** `text` reads what follows the last row's `key` ($2, null at first), $3 rows at the most. */
async function* readInBatches(ctx: Context, text: string, owner: string, key: string): AsyncGenerator<Row> {
  for (let last: unknown = null; ; ) {
    const { rows } = await ctx.db.pool.query(text, [owner, last, BATCH])
    yield* rows
    if (rows.length < BATCH) return
    last = rows.at(-1)[key]
  }
}

const USAGE = `SELECT day::text, used AS prompts FROM usage_counters WHERE user_id = $1 ORDER BY day`

const SUBSCRIPTIONS = `
  SELECT s.id, c.stripe_id AS "stripeCustomerId", s.status, s.price_id AS "priceId",
    s.current_period_end AS "currentPeriodEnd", s.trial_end AS "trialEnd", s.cancel_at AS "cancelAt",
    s.canceled_at AS "canceledAt", s.ended_at AS "endedAt", s.paid_until AS "paidUntil", s.withheld,
    s.created_at AS "createdAt"
  FROM subscriptions AS s JOIN billing_customers AS c ON c.id = s.customer_id
  WHERE c.user_id = $1 ORDER BY s.created_at, s.id`

const CHATROOMS = `
  SELECT id, name, model, system_instruction AS "systemInstruction", context, head_id AS "headId",
    last_message_at AS "lastMessageAt", created_at AS "createdAt", updated_at AS "updatedAt"
  FROM chatrooms WHERE user_id = $1 AND id > coalesce($2::uuid, '00000000-0000-0000-0000-000000000000') ORDER BY id LIMIT $3`

const MESSAGES = `
  SELECT id, parent_id AS "parentId", position, role, content, attachments, status, error_code AS "errorCode",
    model, finish_reason AS "finishReason", prompt_tokens AS "promptTokens", output_tokens AS "outputTokens",
    thought_tokens AS "thoughtTokens", total_tokens AS "totalTokens", created_at AS "createdAt",
    completed_at AS "completedAt"
  FROM messages WHERE chatroom_id = $1 AND position > coalesce($2::int, -1) ORDER BY position LIMIT $3`
