import type pg from "pg"
import { inTransaction } from "../../config/database.ts"
import { newId } from "../../utils/ids.ts"
import type { Context } from "../context.ts"
import { type LeasedCustomer, LeaseLost, updateLeasedCustomer, withCustomerLease } from "./customer-lease.ts"
import { enforceRules } from "./enforce-rules.ts"
import { type Entitlement, type EntitlementRules, entitlementOf } from "./entitlement.ts"
import { type OperatorNotice, openOperatorNotices } from "./operator-notices.ts"
import { readSubscriptions, type Subscription } from "./read-subscriptions.ts"
import { nextTrySql } from "./sweep-billing.ts"

/** Why Stripe is asked. */
export interface Cause {
  kind: "event" | "checkout" | "reconcile" | "schedule" | "deletion"
  eventId?: string
}

/** What a sync made of a customer. `changed` is null where all was as it was. */
export interface Synced {
  entitlement: Entitlement
  changed: { before: Pick<Entitlement, "tier" | "until" | "reason"> | null } | null
  subscriptions: Subscription[]
  /** What was done at Stripe, and nobody was told of before. */
  notices: readonly OperatorNotice[]
  /** Why something that must be done at Stripe could not be. Our rows are right all the same; it is tried again. */
  unenforced: Error | null
}

/**
 * Makes our rows say what Stripe says now. What led here doesn't matter, nor do order, repetition or loss of events:
 * whoever comes last has read the newest state.
 * @throws {CustomerBusy} while somebody else does the same
 * @throws {LeaseLost} when Stripe took longer than the lease; nothing was written
 */
export function syncCustomer(ctx: Context, customerId: string, cause: Cause): Promise<Synced> {
  return withCustomerLease(ctx, customerId, {}, (leased) => syncLeasedCustomer(ctx, leased, cause))
}

/** The same for a customer who is leased already. */
export async function syncLeasedCustomer(
  ctx: Context,
  leased: LeasedCustomer,
  cause: Cause,
): Promise<Synced> {
  // Before Stripe is asked: what comes in later may not be in its answer.
  const pending = await listPendingEvents(ctx, leased)
  const rules = { ...ctx.config.stripe, livemode: isLive(ctx.config.stripe.secretKey) }
  const { subscriptions, notices, unenforced } = await readAndEnforce(ctx, leased, rules)
  const { types, ...written } = await inTransaction(ctx.db.pool, (client) =>
    write(ctx, client, {
      leased,
      subscriptions,
      rules,
      cause: leased.closedAt ? { kind: "deletion" } : cause,
      unenforced,
      answered: unenforced ? [] : pending,
    }),
  )
  ctx.events.customerSynced({ customerId: leased.id, cause: cause.kind, changed: written.changed !== null })
  if (types.length > 0) ctx.events.billingEventsHandled({ customerId: leased.id, types, outcome: "handled" })
  if (written.changed && leased.userId !== null) {
    const { tier, reason } = written.entitlement
    ctx.events.entitlementChanged({ userId: leased.userId, tier, reason, cause: cause.kind })
  }
  return { ...written, subscriptions, notices, unenforced }
}

/** What Stripe says once everything is done there that must be, or that can be. */
async function readAndEnforce(
  ctx: Context,
  leased: LeasedCustomer,
  rules: EntitlementRules,
): Promise<Pick<Synced, "subscriptions" | "notices" | "unenforced">> {
  const { stripeId } = leased
  if (stripeId === null) return { subscriptions: [], notices: [], unenforced: null }
  const read = () => readSubscriptions(ctx.stripe, stripeId, rules.proPrices)
  const notices = openOperatorNotices(ctx, leased)
  const subscriptions = await read()
  const now = await readClock(ctx.db.pool)
  try {
    const isStale = await enforceRules(ctx, { leased, notices }, subscriptions, { rules, now })
    return {
      subscriptions: isStale ? await read() : subscriptions,
      notices: notices.added,
      unenforced: null,
    }
  } catch (error) {
    if (error instanceof LeaseLost) throw error
    // Nobody loses what they pay for because a refund to them fails. What was done before that shows anew.
    return { subscriptions: await read(), notices: notices.added, unenforced: error as Error }
  }
}

async function listPendingEvents(ctx: Context, { stripeId }: LeasedCustomer): Promise<string[]> {
  const { rows } = await ctx.db.pool.query<{ id: string }>({
    name: "list-pending-billing-events",
    text: "SELECT id FROM billing_events WHERE stripe_customer_id = $1 AND status = 'pending'",
    values: [stripeId],
  })
  return rows.map(({ id }) => id)
}

interface State {
  leased: LeasedCustomer
  rules: EntitlementRules
  subscriptions: Subscription[]
  cause: Cause
  unenforced: Error | null
  answered: string[]
}

type Written = Pick<Synced, "entitlement" | "changed"> & { types: string[] }

async function write(
  ctx: Context,
  client: pg.ClientBase,
  { leased, subscriptions, rules, cause, unenforced, answered }: State,
): Promise<Written> {
  // The fence, and the lock that holds until the commit.
  await updateLeasedCustomer(
    client,
    leased,
    unenforced ? "synced_at = now()" : "synced_at = now(), failures = 0",
  )
  await writeSubscriptions(client, leased, subscriptions)
  const now = await readClock(client)
  const entitlement = entitlementOf(subscriptions, rules, now)
  const changed =
    leased.userId === null ? null : await writeEntitlement(client, leased.userId, entitlement, cause)
  // When it lapses by itself somebody must write that down, and what is left to do is tried again.
  await updateLeasedCustomer(
    client,
    leased,
    `sync_due_at = least($3::timestamptz - app_now() + now(), CASE WHEN $5 THEN ${nextTrySql(ctx.timing, "failures")} END),
     touched_at = CASE WHEN $4 THEN now() ELSE touched_at END`,
    [entitlement.until, changed !== null, unenforced !== null],
  )
  const { rows: handled } = await client.query<{ type: string }>(HANDLED, [answered])
  return { entitlement, changed, types: handled.map(({ type }) => type) }
}

const HANDLED = `
  UPDATE billing_events SET status = 'handled', handled_at = now() WHERE id = ANY($1) AND status = 'pending'
  RETURNING type`

async function readClock(db: pg.Pool | pg.ClientBase): Promise<Date> {
  const { rows } = await (db as pg.Pool).query<{ now: Date }>("SELECT app_now()::timestamptz(3) AS now")
  return (rows[0] as { now: Date }).now
}

/** What Stripe says of itself in each object must be what the key says of us. */
function isLive(secretKey: string): boolean {
  return /^[rs]k_live_/.test(secretKey)
}

async function writeSubscriptions(
  client: pg.ClientBase,
  { id }: LeasedCustomer,
  subscriptions: readonly Subscription[],
): Promise<void> {
  await client.query(UPSERT, [id, JSON.stringify(subscriptions)])
  await client.query(
    `UPDATE subscriptions SET status = 'missing', synced_at = now()
     WHERE customer_id = $1 AND id <> ALL($2) AND status NOT IN ('missing', 'canceled', 'incomplete_expired')`,
    [id, subscriptions.map((subscription) => subscription.id)],
  )
}

const UPSERT = `
  INSERT INTO subscriptions (id, customer_id, status, price_id, livemode, current_period_end, trial_end, cancel_at,
    canceled_at, ended_at, paid_until, withheld, created_at)
  SELECT id, $1, status, "priceId", livemode, "currentPeriodEnd", "trialEnd", "cancelAt", "canceledAt", "endedAt",
    "paidUntil", withheld, "createdAt"
  FROM jsonb_to_recordset($2) AS s (id text, status text, "priceId" text, livemode boolean,
    "currentPeriodEnd" timestamptz, "trialEnd" timestamptz, "cancelAt" timestamptz, "canceledAt" timestamptz,
    "endedAt" timestamptz, "paidUntil" timestamptz, withheld text, "createdAt" timestamptz)
  ON CONFLICT (id) DO UPDATE SET status = excluded.status, price_id = excluded.price_id,
    livemode = excluded.livemode, current_period_end = excluded.current_period_end, trial_end = excluded.trial_end,
    cancel_at = excluded.cancel_at, canceled_at = excluded.canceled_at, ended_at = excluded.ended_at,
    paid_until = excluded.paid_until, withheld = excluded.withheld, synced_at = now()
  WHERE subscriptions.customer_id = $1`

type Standing = Pick<Entitlement, "tier" | "until" | "reason">

/** @returns what was in force before, where that changes */
async function writeEntitlement(
  client: pg.ClientBase,
  userId: string,
  entitlement: Entitlement,
  cause: Cause,
): Promise<Synced["changed"]> {
  const { rows } = await client.query<Standing & { subscription_id: string | null }>(
    `SELECT tier, until, reason, subscription_id FROM entitlement_log
     WHERE user_id = $1 ORDER BY at DESC, id DESC LIMIT 1`,
    [userId],
  )
  const before = rows[0] ?? null
  const { tier, until, reason, subscriptionId } = entitlement
  // Whatever the log says: it must hold even if somebody has changed one of the two by hand.
  await client.query(
    "UPDATE users SET pro_until = $2, updated_at = now() WHERE id = $1 AND pro_until IS DISTINCT FROM $2",
    [userId, until],
  )
  if (isSame(before, entitlement)) return null
  await client.query(
    `INSERT INTO entitlement_log (id, user_id, tier, until, reason, cause, event_id, subscription_id, at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, clock_timestamp())`,
    [newId(), userId, tier, until, reason, cause.kind, cause.eventId ?? null, subscriptionId],
  )
  return { before }
}

/** Who never had anything and has nothing now has no history either. */
function isSame(before: (Standing & { subscription_id: string | null }) | null, now: Entitlement): boolean {
  if (before === null) return now.reason === "no_subscription"
  return (
    before.tier === now.tier &&
    before.reason === now.reason &&
    before.subscription_id === now.subscriptionId &&
    before.until?.getTime() === now.until?.getTime()
  )
}
