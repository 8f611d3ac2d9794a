import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { type StripeSimulator, startStripeSimulator } from "../../../simulators/stripe/server.ts"
import { TIMING } from "../../../src/config/timing.ts"
import { newId } from "../../../src/utils/ids.ts"
import { MINUTE, SECOND } from "../../../src/utils/time.ts"
import { until } from "../../lib/until.ts"
import { deliverAll, type Outcome } from "../helpers/deliver.ts"
import { type Site, startApi } from "../helpers/site.ts"

/** Of the time to acknowledge a delivery, by the slowest in a hundred. */
export const WEBHOOK_GOAL_MS = 150

export interface WebhookPace {
  /** A customer makes about twenty events. */
  customers: number
}

export interface Webhooks extends Outcome {
  events: number
  /** From the last delivery until all that came in was dealt with. */
  settledMs: number
}

const SECRET = "whsec_benchmarks"
const STORM = { copies: 3, dropped: 0.05, atOnce: 50 }

/**
 * A storm of Stripe's events: each three times, in any order, one in twenty never, fifty at once, while a worker
 * deals with them and asks the simulator again. Afterwards the reconciler runs once.
 * @throws when an answer isn't 200, when an event is left, when a user's tier isn't what Stripe's data implies, and when
 * the database had to break a deadlock
 */
export async function measureWebhooks(site: Site, { customers }: WebhookPace): Promise<Webhooks> {
  await using stack = new AsyncDisposableStack()
  const stripe = await startStripeSimulator()
  stack.defer(() => stripe.close())
  const env = {
    ...site.env,
    STRIPE_SECRET_KEY: "sk_test_benchmarks",
    STRIPE_WEBHOOK_SECRET: SECRET,
    STRIPE_PRICE_PRO: "price_simulated_pro_monthly",
    STRIPE_BASE_URL: stripe.url,
  }
  const { api, url } = await startApi(site.machine, env, "all")
  stack.defer(() => api.stop())
  await makeHistory(site, stripe, customers)
  const events = stripe.held()
  const outcome = await deliverAll(events, { url: `${url}/webhook/stripe`, secret: SECRET, ...STORM })
  const settledMs = await untilSettled(site)
  await reconcileAll(site, env)
  await checkTiers(site, stripe)
  await checkDeadlocks(site)
  return { ...outcome, events: events.length, settledMs }
}

/** Everybody subscribes; most renew, some of them without success, and some leave. */
async function makeHistory({ pool }: Site, stripe: StripeSimulator, customers: number): Promise<void> {
  stripe.setEndpoint({ url: "http://127.0.0.1:9", secret: SECRET })
  stripe.delivery({ mode: "held" })
  for (let n = 0; n < customers; n++) {
    const userId = newId()
    const { id } = stripe.createCustomer({ metadata: { user_id: userId } })
    const user = [userId, `+1303${2_000_000 + n}`]
    await pool.query("INSERT INTO users (id, mobile_number) VALUES ($1, $2)", user)
    const customer = [newId(), userId, id]
    await pool.query("INSERT INTO billing_customers (id, user_id, stripe_id) VALUES ($1, $2, $3)", customer)
    const card = n % 3 === 0 ? "insufficient_on_renewal" : "ok"
    const subscription = stripe.createSubscription(id, { card })
    if (n % 5 === 0) stripe.cancelAtPeriodEnd(subscription.id)
    if (n % 7 === 0) stripe.refund({ subscription: subscription.id })
  }
  stripe.advance({ hours: 32 * 24 })
  const ahead = stripe.now() - Math.floor(Date.now() / SECOND)
  await pool.query(
    `CREATE OR REPLACE FUNCTION app_now() RETURNS timestamptz LANGUAGE sql STABLE
     AS 'SELECT now() + interval ''${ahead} seconds'''`,
  )
}

async function untilSettled({ pool }: Site): Promise<number> {
  const startedAt = performance.now()
  const isSettled = async () => {
    const { rows } = await pool.query(
      "SELECT count(*)::int AS n FROM billing_events WHERE status = 'pending'",
    )
    return rows[0].n === 0
  }
  await until("all events are processed", isSettled, { timeoutMs: 5 * MINUTE, everyMs: 100 })
  return performance.now() - startedAt
}

/** Runs the operator's command. @throws when it can't read a customer */
async function reconcileAll({ machine }: Site, env: Record<string, string>): Promise<void> {
  const command = fileURLToPath(new URL("../../../src/cli/billing-reconcile.ts", import.meta.url))
  const options = { cwd: machine.folder, env: { PATH: process.env.PATH, ...env } }
  await promisify(execFile)(process.execPath, [command, "--json"], options)
}

async function checkTiers({ pool }: Site, stripe: StripeSimulator): Promise<void> {
  const { rows } = await pool.query<{ stripe_id: string; pro: boolean }>(
    `SELECT c.stripe_id, coalesce(u.pro_until > app_now(), false) AS pro
     FROM billing_customers AS c JOIN users AS u ON u.id = c.user_id WHERE c.stripe_id IS NOT NULL`,
  )
  const wrong = rows.filter(({ stripe_id, pro }) => pro !== isPro(stripe.oracle(stripe_id)))
  if (wrong.length > 0)
    throw new Error(`${wrong.length} of ${rows.length} have the wrong tier by Stripe's data.`)
}

/** A deadlocked transaction is retried, so nothing else would show it. */
async function checkDeadlocks({ pool }: Site): Promise<void> {
  const { rows } = await pool.query(
    "SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()",
  )
  if (rows[0].deadlocks > 0) throw new Error(`PostgreSQL had to break ${rows[0].deadlocks} deadlocks.`)
}

const GRACE_SECONDS = TIMING.billing.graceMs / SECOND

function isPro({ now, subscriptions }: ReturnType<StripeSimulator["oracle"]>): boolean {
  return subscriptions.some(({ status, cancelAt, paid }) => {
    const last = paid.at(-1)
    if (!["active", "past_due"].includes(status) || !last || last.amountRefunded >= last.amountPaid)
      return false
    return now < Math.min(last.periodEnd + GRACE_SECONDS, cancelAt ?? Number.POSITIVE_INFINITY)
  })
}
