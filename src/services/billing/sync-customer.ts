import type pg from "pg"
import { inTransaction } from "../../config/database.ts"
import { newId } from "../../utils/ids.ts"
import type { Context } from "../context.ts"
import { type LeasedCustomer, LeaseLost, updateLeasedCustomer, withCustomerLease } from "./customer-lease.ts"
import { deleteStripeCustomer } from "./delete-stripe-customer.ts"
import { enforceRules } from "./enforce-rules.ts"
import { type Entitlement, type EntitlementRules, entitlementOf } from "./entitlement.ts"
import { type OperatorNotice, openOperatorNotices } from "./operator-notices.ts"
import { readSubscriptions, type Subscription } from "./read-subscriptions.ts"
import { nextTrySql } from "./sweep-billing.ts"

/** Why the customer is synced. */
export interface Cause {
  kind: "event" | "checkout" | "reconcile" | "schedule" | "deletion"
  eventId?: string
}

/** The result of a sync. `changed` is null when the entitlement stayed the same. */
export interface Synced {
  entitlement: Entitlement
  changed: { before: Pick<Entitlement, "tier" | "until" | "reason"> | null } | null
  subscriptions: Subscription[]
  /** New operator notices. */
  notices: readonly OperatorNotice[]
  /** Why the rules couldn't be enforced at Stripe. Our rows are still correct, and the enforcement is retried. */
  unenforced: Error | null
}

/**
 * Copies a customer's current state from Stripe to our rows. The cause doesn't matter, nor do order, repetition or loss
 * of events: the last sync has read the newest state.
 * @param waitMs how long to wait for another sync of the customer
 * @throws {CustomerBusy} while another sync has the customer lease
 * @throws {LeaseLost} when the lease ran out meanwhile and another process took it; nothing was written
 */
export function syncCustomer(
  ctx: Context,
  customerId: string,
  cause: Cause,
  { waitMs = 0 }: { waitMs?: number } = {},
): Promise<Synced> {
  return withCustomerLease(ctx, customerId, { waitMs }, (leased) => syncLeasedCustomer(ctx, leased, cause))
}

/** Syncs a customer that is already leased. */
export async function syncLeasedCustomer(
  ctx: Context,
  leased: LeasedCustomer,
  cause: Cause,
): Promise<Synced> {
  // Before reading Stripe: the response may not include the cause of a later event.
  const pending = await listPendingEvents(ctx, leased)
  const rules = { ...ctx.config.stripe, livemode: isLive(ctx.config.stripe.secretKey) }
  const { subscriptions, notices, unenforced, deletionDueAt } = await readAndEnforce(ctx, leased, rules)
  const { types, ...written } = await inTransaction(ctx.db.pool, (client) =>
    write(ctx, client, {
      leased,
      subscriptions,
      rules,
      cause: leased.closedAt ? { kind: "deletion" } : cause,
      unenforced,
      deletionDueAt,
      pendingEventIds: unenforced ? [] : pending,
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

/** Reads the subscriptions, enforces the rules, and reads again if that changed them. */
async function readAndEnforce(ctx: Context, leased: LeasedCustomer, rules: EntitlementRules) {
  const { stripeId } = leased
  if (stripeId === null) return { subscriptions: [], notices: [], unenforced: null, deletionDueAt: null }
  const read = () => readSubscriptions(ctx.stripe, stripeId, rules.proPrices)
  const notices = openOperatorNotices(ctx, leased)
  const subscriptions = await read()
  const now = await readClock(ctx.db.pool)
  try {
    const isStale = await enforceRules(ctx, { leased, notices }, subscriptions, { rules, now })
    const enforced = isStale ? await read() : subscriptions
    const deletionDueAt = await deleteStripeCustomer(ctx, leased, { subscriptions: enforced, now })
    return { subscriptions: enforced, notices: notices.added, unenforced: null, deletionDueAt }
  } catch (error) {
    if (error instanceof LeaseLost) throw error
    // A failed refund must not cost users what they pay for. Reading again shows what was done before the failure.
    return {
      subscriptions: await read(),
      notices: notices.added,
      unenforced: error as Error,
      deletionDueAt: null,
    }
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
  /** When the customer of a deleted user may be deleted at Stripe. */
  deletionDueAt: Date | null
  pendingEventIds: string[]
}

type Written = Pick<Synced, "entitlement" | "changed"> & { types: string[] }

async function write(
  ctx: Context,
  client: pg.ClientBase,
  { leased, subscriptions, rules, cause, unenforced, deletionDueAt, pendingEventIds }: State,
): Promise<Written> {
  // Fences the writes, and locks the row until the commit.
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
  // The next sync is due when the entitlement expires, or the Stripe customer of a deleted user, or earlier to retry the
  // enforcement.
  await updateLeasedCustomer(
    client,
    leased,
    `sync_due_at = least($3::timestamptz - app_now() + now(), $6::timestamptz - app_now() + now(), CASE WHEN $5 THEN ${nextTrySql(ctx.timing, "failures")} END),
     touched_at = CASE WHEN $4 THEN now() ELSE touched_at END`,
    [entitlement.until, changed !== null, unenforced !== null, deletionDueAt],
  )
  const { rows: handled } = await client.query<{ type: string }>(MARK_HANDLED, [pendingEventIds])
  return { entitlement, changed, types: handled.map(({ type }) => type) }
}

const MARK_HANDLED = `
  UPDATE billing_events SET status = 'handled', handled_at = now() WHERE id = ANY($1) AND status = 'pending'
  RETURNING type`

async function readClock(db: pg.Pool | pg.ClientBase): Promise<Date> {
  const { rows } = await (db as pg.Pool).query<{ now: Date }>("SELECT app_now()::timestamptz(3) AS now")
  return (rows[0] as { now: Date }).now
}

/** Tells live mode from the key. Objects of the other mode don't count. */
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
    canceled_at, ended_at, paid_until, withheld, action_url, created_at)
  SELECT id, $1, status, "priceId", livemode, "currentPeriodEnd", "trialEnd", "cancelAt", "canceledAt", "endedAt",
    "paidUntil", withheld, "actionUrl", "createdAt"
  FROM jsonb_to_recordset($2) AS s (id text, status text, "priceId" text, livemode boolean,
    "currentPeriodEnd" timestamptz, "trialEnd" timestamptz, "cancelAt" timestamptz, "canceledAt" timestamptz,
    "endedAt" timestamptz, "paidUntil" timestamptz, withheld text, "actionUrl" text,
    "createdAt" timestamptz)
  ON CONFLICT (id) DO UPDATE SET status = excluded.status, price_id = excluded.price_id,
    livemode = excluded.livemode, current_period_end = excluded.current_period_end, trial_end = excluded.trial_end,
    cancel_at = excluded.cancel_at, canceled_at = excluded.canceled_at, ended_at = excluded.ended_at,
    paid_until = excluded.paid_until, withheld = excluded.withheld, action_url = excluded.action_url,
    synced_at = now()
  WHERE subscriptions.customer_id = $1`

type Summary = Pick<Entitlement, "tier" | "until" | "reason">

/** Writes the entitlement. @returns the previous one when it changes, otherwise null */
async function writeEntitlement(
  client: pg.ClientBase,
  userId: string,
  entitlement: Entitlement,
  cause: Cause,
): Promise<Synced["changed"]> {
  const { rows } = await client.query<Summary & { subscription_id: string | null }>(
    `SELECT tier, until, reason, subscription_id FROM entitlement_log
     WHERE user_id = $1 ORDER BY at DESC, id DESC LIMIT 1`,
    [userId],
  )
  const before = rows[0] ?? null
  const { tier, until, reason, subscriptionId } = entitlement
  // Even if the log has no change: an operator may have edited either by hand.
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

/** A user who never had a subscription gets no entry in the log. */
function isSame(before: (Summary & { subscription_id: string | null }) | null, now: Entitlement): boolean {
  if (before === null) return now.reason === "no_subscription"
  return (
    before.tier === now.tier &&
    before.reason === now.reason &&
    before.subscription_id === now.subscriptionId &&
    before.until?.getTime() === now.until?.getTime()
  )
}
