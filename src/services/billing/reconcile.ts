import type { Context } from "../context.ts"
import { CustomerBusy } from "./customer-lease.ts"
import type { Entitlement } from "./entitlement.ts"
import type { OperatorNotice } from "./operator-notices.ts"
import { findUnlinked, relinkCustomer } from "./relink-customers.ts"
import { syncCustomer } from "./sync-customer.ts"

export interface Reconciled {
  /** Customers whose state was read from Stripe. */
  checked: number
  changes: {
    customerId: string
    before: Pick<Entitlement, "tier" | "until" | "reason"> | null
    after: Entitlement
  }[]
  /** New operator notices. */
  notices: (OperatorNotice & { customerId: string })[]
  /** Customers at Stripe who were missing here and were relinked. */
  takenBack: { customerId: string; stripeId: string }[]
  /** How many were skipped because another process has their lease. */
  busy: number
  /** Customers whose state couldn't be read, or whose rules couldn't be enforced. The next run retries. */
  failures: { customerId: string; error: unknown }[]
}

export interface ReconcileOptions {
  /**
   * `recent`: customers who used Checkout or the portal or changed state within a day, who owe a payment, or who
   * weren't read for a day. `all`: every customer, and those at Stripe who are missing here.
   */
  scope: "recent" | "all" | { customerId: string }
  onProgress?: (checked: number) => void
}

/** Stripe allows 25 calls a second in a sandbox, and a customer takes about four. */
const CONCURRENCY = 4
const PAGE = 500

/**
 * Syncs every customer in `scope` with Stripe, so that lost events don't matter. It may run at any time, in any number
 * of processes.
 */
export async function reconcile(ctx: Context, { scope, onProgress }: ReconcileOptions): Promise<Reconciled> {
  const done: Reconciled = { checked: 0, changes: [], notices: [], takenBack: [], busy: 0, failures: [] }
  if (scope === "all") await relinkUnlinked(ctx, done)
  for await (const ids of pagesOf(ctx, scope)) {
    if (ctx.stopping.aborted) break
    const waiting = ids.values()
    await Promise.all(
      Array.from({ length: CONCURRENCY }, async () => {
        for (const id of waiting) {
          if (ctx.stopping.aborted) return
          await reconcileOne(ctx, id, done)
          onProgress?.(done.checked)
        }
      }),
    )
  }
  const { checked, changes, failures } = done
  ctx.events.billingReconciled({ checked, changed: changes.length, failed: failures.length })
  return done
}

async function relinkUnlinked(ctx: Context, done: Reconciled): Promise<void> {
  for await (const stripeId of findUnlinked(ctx)) {
    if (ctx.stopping.aborted) return
    await countErrors(stripeId, done, async () => {
      const relinked = await relinkCustomer(ctx, stripeId)
      if (!relinked) return
      const { customerId, isLinked, notices } = relinked
      if (isLinked) done.takenBack.push({ customerId, stripeId })
      done.notices.push(...notices.map((notice) => ({ customerId, ...notice })))
    })
  }
}

async function reconcileOne(ctx: Context, customerId: string, done: Reconciled): Promise<void> {
  await countErrors(customerId, done, async () => {
    const synced = await syncCustomer(ctx, customerId, { kind: "reconcile" })
    const { changed, entitlement, notices, unenforced } = synced
    done.checked++
    if (changed) done.changes.push({ customerId, before: changed.before, after: entitlement })
    done.notices.push(...notices.map((notice) => ({ customerId, ...notice })))
    if (unenforced) done.failures.push({ customerId, error: unenforced })
  })
}

async function countErrors(customerId: string, done: Reconciled, work: () => Promise<unknown>) {
  try {
    await work()
  } catch (error) {
    if (error instanceof CustomerBusy) done.busy++
    else done.failures.push({ customerId, error })
  }
}

async function* pagesOf(ctx: Context, scope: ReconcileOptions["scope"]): AsyncGenerator<string[]> {
  if (typeof scope === "object") {
    yield [scope.customerId]
    return
  }
  const { recentMs, staleMs } = ctx.timing.billing
  for (let last: string | null = null; ; ) {
    const { rows }: { rows: { id: string }[] } =
      scope === "all"
        ? await ctx.db.pool.query(ALL, [last, PAGE])
        : await ctx.db.pool.query(RECENT, [last, PAGE, recentMs, staleMs])
    yield rows.map(({ id }) => id)
    if (rows.length < PAGE) return
    last = (rows.at(-1) as { id: string }).id
  }
}

const ALL = `
  SELECT id FROM billing_customers
  WHERE stripe_id IS NOT NULL AND id > coalesce($1::uuid, '00000000-0000-0000-0000-000000000000')
  ORDER BY id LIMIT $2`

const RECENT = `
  SELECT id FROM billing_customers AS c
  WHERE stripe_id IS NOT NULL AND id > coalesce($1::uuid, '00000000-0000-0000-0000-000000000000')
    AND (touched_at > now() - $3 * interval '1 millisecond' OR EXISTS (
      SELECT 1 FROM subscriptions AS s
      WHERE s.customer_id = c.id AND s.status IN ('past_due', 'incomplete', 'unpaid', 'paused')
    ) OR synced_at IS NULL OR synced_at < now() - $4 * interval '1 millisecond')
  ORDER BY id LIMIT $2`
