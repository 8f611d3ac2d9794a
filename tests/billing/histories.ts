import fc from "fast-check"
import pg from "pg"
import { expect } from "vitest"
import { PRO_PRICE, PRO_PRICE_YEARLY, type StripeSimulator } from "../../simulators/stripe/server.ts"
import { reconcile } from "../../src/services/billing/reconcile.ts"
import { newId } from "../../src/utils/ids.ts"
import { DAY, SECOND } from "../../src/utils/time.ts"
import { times, until } from "../helpers/answers.ts"
import type { TestApp } from "../helpers/app.ts"
import { FROM_CHECKOUT, passTime, untilIdle } from "./kit.ts"

/** What may happen to one customer, by the buyer, the bank, an operator or time. */
const Act = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("subscribe"), card: card() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("subscribe_by_dashboard"), card: card() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("switch_plan"), yearly: fc.boolean() }) },
  { weight: 3, arbitrary: fc.constant({ kind: "nothing" }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("change_card"), card: card() }) },
  { weight: 2, arbitrary: fc.constant({ kind: "pay_open_invoice" }) },
  { weight: 2, arbitrary: fc.constant({ kind: "cancel_at_period_end" }) },
  { weight: 1, arbitrary: fc.constant({ kind: "resume" }) },
  { weight: 1, arbitrary: fc.constant({ kind: "cancel_now" }) },
  { weight: 1, arbitrary: fc.constant({ kind: "refund" }) },
  { weight: 1, arbitrary: fc.constant({ kind: "refund_part" }) },
  { weight: 1, arbitrary: fc.constant({ kind: "dispute" }) },
  { weight: 1, arbitrary: fc.constant({ kind: "inquiry" }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("close_dispute"), won: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant({ kind: "delete_customer" }) },
)
type Act = { kind: string; card?: Card; won?: boolean; yearly?: boolean }
type Card = "ok" | "insufficient_on_renewal" | "decline"

function card() {
  return fc.constantFrom<Card>("ok", "ok", "insufficient_on_renewal", "decline")
}

/** What is the same for all histories of a batch, as they share one clock and one line. */
const Step = fc.record({
  hours: fc.constantFrom(0, 0, 1, 30, 3 * 24, 8 * 24, 31 * 24),
  drop: fc.constantFrom(0, 0.2, 0.6, 1),
  duplicates: fc.constantFrom(0, 0, 2),
  isDatabaseCut: fc.boolean(),
  seed: fc.nat(1e6),
})

const STEPS = 6

/** Histories of `customers` customers side by side. */
export function batchOf(customers: number) {
  return fc.record({
    dunning: fc.constantFrom("cancel" as const, "unpaid" as const, "past_due" as const),
    steps: fc.array(Step, { minLength: STEPS, maxLength: STEPS }),
    histories: fc.array(fc.array(Act, { minLength: STEPS, maxLength: STEPS }), {
      minLength: customers,
      maxLength: customers,
    }),
  })
}
type Batch = ReturnType<typeof batchOf> extends fc.Arbitrary<infer T> ? T : never

export interface Divergence {
  customer: string
  acts: Act[]
  expected: string
  actual: string
  truth: unknown
}

/**
 * Plays a batch: in each step every customer does one thing, time passes, and what events there are arrive in any
 * order, some twice, some never, with the database's connections cut in between. Then all is left to settle, the
 * reconciler runs once, and everybody's tier is compared with what the simulator says is true, and what was cancelled and
 * given back by us with what had to be.
 */
export async function playBatch(app: TestApp, batch: Batch): Promise<Divergence[]> {
  await forgetAll(app)
  app.stripe.settings({ dunning: batch.dunning })
  const payers = await Promise.all(batch.histories.map((acts) => createPayer(app, acts as Act[])))
  for (const [n, step] of batch.steps.entries()) {
    const retryDelaysMs = [20, 50, 100, 400, 1600]
    app.stripe.delivery({ mode: "held", concurrency: 8, retryDelaysMs, seed: step.seed })
    for (const payer of payers) perform(app.stripe, payer.stripeId, payer.acts[n] as Act)
    await passTime(app, { hours: step.hours })
    const { drop, duplicates } = step
    const delivered = app.stripe.release({ shuffle: true, drop, duplicates })
    if (step.isDatabaseCut) await cutConnections(app)
    await delivered
  }
  app.stripe.delivery({ mode: "live" })
  await untilIdle(app)
  const { failures } = await reconcile(app.ctx, { scope: "all" })
  if (failures.length > 0) throw new Error(`the reconciler failed: ${failures[0]?.error}`)
  await untilIdle(app)
  return (await Promise.all(payers.map((payer) => compare(app, payer)))).flatMap((found) => found ?? [])
}

async function forgetAll(app: TestApp): Promise<void> {
  app.stripe.reset()
  app.stripe.setEndpoint({
    url: `${app.url}/webhook/stripe`,
    secret: app.ctx.config.stripe.webhookSecrets[0] as string,
  })
  // Not TRUNCATE, whose table locks deadlock with any read of two tables. The payers first, as every job locks them first.
  for (const table of ["billing_customers", "users", "billing_events"])
    await app.query(`DELETE FROM ${table}`)
  await passTime(app, {})
}

interface Payer {
  userId: string
  customerId: string
  stripeId: string
  acts: Act[]
}

async function createPayer(app: TestApp, acts: Act[]): Promise<Payer> {
  const [userId, customerId] = [newId(), newId()]
  const { id: stripeId } = app.stripe.createCustomer({ metadata: { user_id: userId } })
  const digits = userId.replace(/\D/g, "").slice(-9).padStart(9, "1")
  await app.query("INSERT INTO users (id, mobile_number) VALUES ($1, $2)", userId, `+19${digits}`)
  await app.query(
    "INSERT INTO billing_customers (id, user_id, stripe_id) VALUES ($1, $2, $3)",
    customerId,
    userId,
    stripeId,
  )
  return { userId, customerId, stripeId, acts }
}

/** Does what can be done; what Stripe would refuse is no part of the history. */
function perform(stripe: StripeSimulator, customer: string, act: Act): void {
  try {
    DOES[act.kind]?.(stripe, customer, act)
  } catch (error) {
    if ((error as Error).constructor.name !== "Refused") throw error
  }
}

type Do = (stripe: StripeSimulator, customer: string, act: Act) => unknown

const newest = (stripe: StripeSimulator, customer: string) => stripe.oracle(customer).subscriptions.at(-1)
const onNewest =
  (work: (stripe: StripeSimulator, id: string) => unknown): Do =>
  (stripe, customer) => {
    const subscription = newest(stripe, customer)
    if (subscription) work(stripe, subscription.id)
  }

const DOES: Record<string, Do> = {
  subscribe: (stripe, customer, { card }) => stripe.createSubscription(customer, { card, ...FROM_CHECKOUT }),
  subscribe_by_dashboard: (stripe, customer, { card }) => stripe.createSubscription(customer, { card }),
  switch_plan: (stripe, customer, { yearly }) =>
    onNewest((_, id) => stripe.switchPlan(id, yearly ? PRO_PRICE_YEARLY : PRO_PRICE))(stripe, customer, {
      kind: "",
    }),
  change_card: (stripe, customer, { card }) => stripe.changeCard(customer, card ?? "ok"),
  pay_open_invoice(stripe, customer) {
    const invoice = newest(stripe, customer)?.latestInvoice
    if (invoice) stripe.payInvoice(invoice, { card: "ok" })
  },
  cancel_at_period_end: onNewest((stripe, id) => stripe.cancelAtPeriodEnd(id)),
  resume: onNewest((stripe, id) => stripe.resume(id)),
  cancel_now: onNewest((stripe, id) => stripe.cancelNow(id)),
  refund: onNewest((stripe, subscription) => stripe.refund({ subscription })),
  refund_part: onNewest((stripe, subscription) => stripe.refund({ subscription, amount: 500 })),
  dispute: onNewest((stripe, id) => stripe.dispute(id)),
  inquiry: onNewest((stripe, id) => stripe.dispute(id, { status: "warning_needs_response" })),
  close_dispute(stripe, customer, { won }) {
    const open = stripe.oracle(customer).disputes.find(({ status }) => /response$|review$/.test(status))
    if (open)
      stripe.closeDispute(
        open.id,
        open.status.startsWith("warning") ? "warning_closed" : won ? "won" : "lost",
      )
  },
  delete_customer: (stripe, customer) => stripe.deleteCustomer(customer),
}

/**
 * Every connection of the app's breaks, whatever it is in the middle of. This waits until the app has seen that of each,
 * or our own next statement could get one that is broken: its pool learns of it by an event, which may still be queued.
 */
async function cutConnections(app: TestApp): Promise<void> {
  await using client = await openClient(app)
  const cut = () => client.query<{ pid: number }>(CUT)
  const { rows } = await cut()
  await until(async () => {
    const left = await client.query("SELECT 1 FROM pg_stat_activity WHERE pid = ANY($1)", [
      rows.map(({ pid }) => pid),
    ])
    expect(left.rowCount).toBe(0)
  })
  await until(() => times(app.pool.options.max ?? 10, () => app.query("SELECT 1")))
}

const CUT = `
  SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = ''
    AND query NOT ILIKE '%bullmq%' AND query NOT ILIKE 'LISTEN%'`

/** A connection of the test's own, which isn't cut. */
async function openClient(app: TestApp): Promise<pg.Client & AsyncDisposable> {
  const client = new pg.Client({ connectionString: app.stores.database.url, application_name: "histories" })
  await client.connect()
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() })
}

async function compare(
  app: TestApp,
  { userId, customerId, stripeId, acts }: Payer,
): Promise<Divergence | null> {
  const rows = await app.query(
    "SELECT coalesce(pro_until > app_now(), false) AS pro FROM users WHERE id = $1",
    userId,
  )
  const notices = await app.pool.query(
    "SELECT object_id FROM billing_notices WHERE customer_id = $1 AND kind = 'second_subscription_cancelled'",
    [customerId],
  )
  const truth = app.stripe.oracle(stripeId)
  const ended = notices.rows.map(({ object_id }) => object_id)
  const expected = `${isPro(truth, app.ctx.config.stripe) ? "pro" : "basic"}, all right at Stripe`
  const wrong = wrongAtStripe(truth, ended)
  const actual = `${rows[0].pro ? "pro" : "basic"}, ${wrong.length > 0 ? wrong.join(", ") : "all right at Stripe"}`
  return expected === actual ? null : { customer: stripeId, acts, expected, actual, truth }
}

/** How long after its period's end a subscription is still taken for one that pays. */
const LATE_SECONDS = (4 * DAY) / SECOND

/** What the rules did to somebody's money or subscriptions that they should not have, or left. */
function wrongAtStripe({ subscriptions, refunds, deleted }: Truth, ended: string[]): string[] {
  const wrong: string[] = []
  const owed = new Set<string | null>()
  for (const one of subscriptions.filter(({ id }) => ended.includes(id))) {
    const elder = subscriptions
      .slice(0, subscriptions.indexOf(one))
      .find(
        ({ id, endedAt, metadata }) =>
          metadata.billing_customer_id && !ended.includes(id) && (endedAt === null || endedAt >= one.created),
      )
    if (!one.metadata.billing_customer_id) wrong.push(`${one.id} was ended and isn't from Checkout`)
    if (!elder) wrong.push(`${one.id} was ended and had no elder`)
    if (one.endedAt === null) wrong.push(`${one.id} was to end and runs`)
    const payments = one.paid.filter(({ amountPaid }) => amountPaid > 0)
    const last = payments.at(-1)
    if (!last) continue
    // One that came in late is the newest once more; earlier ones were for time in which it was the only one.
    const since = (one.endedAt ?? 0) - LATE_SECONDS
    for (const { charge, periodEnd } of payments) if (periodEnd >= since) owed.add(charge)
    owed.add(last.charge)
    const isBack = last.amountRefunded >= last.amountPaid || (last.dispute ?? "won") !== "won"
    if (!isBack && !deleted) wrong.push(`${one.id} was ended and not paid back`)
  }
  for (const { id, charge, metadata } of refunds) {
    if (metadata.billing_customer_id && !owed.has(charge)) wrong.push(`${id} was owed to nobody`)
  }
  return wrong
}

type Truth = ReturnType<StripeSimulator["oracle"]>

/** Said once more and in other words than the service's: what must be so, by the simulator's books. */
function isPro(truth: Truth, rules: { proPrices: readonly string[]; graceMs: number }): boolean {
  if (truth.deleted) return false
  return truth.subscriptions.some(({ status, price, cancelAt, paid }) => {
    if (!["active", "trialing", "past_due"].includes(status) || !rules.proPrices.includes(price)) return false
    // The newest invoice: a switch of the plan may give back time that an older one has paid for.
    const last = paid.at(-1)
    if (!last || last.amountRefunded >= last.amountPaid) return false
    if (["needs_response", "under_review", "lost"].includes(last.dispute ?? "")) return false
    const lapses = last.periodEnd + rules.graceMs / SECOND
    return truth.now < Math.min(lapses, cancelAt ?? lapses)
  })
}
