import type { Context } from "../context.ts"
import { CustomerBusy } from "./customer-lease.ts"
import type { Entitlement } from "./entitlement.ts"
import { listCustomers } from "./list-customers.ts"
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
  /** How many weren't read because another process was still working on them after `reconcileWaitMs`. */
  busy: number
  /** Customers whose state couldn't be read, or whose rules couldn't be enforced. The next run retries. */
  failures: { customerId: string; error: unknown }[]
}

export interface ReconcileOptions {
  /**
   * `recent`: customers who used Checkout or the portal or changed state within a day, who owe a payment, or who
   * weren't read for a day. `daily`: every customer but the quiet ones, who have nothing that could change, and recent
   * ones at Stripe who are missing here. `all`: every customer, and all at Stripe who are missing here.
   */
  scope: "recent" | "daily" | "all" | { customerId: string }
  onProgress?: (checked: number) => void
}

/** Stripe allows 25 calls a second in a sandbox, and a customer takes about four. */
const CONCURRENCY = 4

/**
 * Syncs every customer in `scope` with Stripe, so that lost events don't matter. It may run at any time, in any number
 * of processes. It waits for customers that another process is reading, because that process may have died.
 */
export async function reconcile(ctx: Context, { scope, onProgress }: ReconcileOptions): Promise<Reconciled> {
  const done: Reconciled = { checked: 0, changes: [], notices: [], takenBack: [], busy: 0, failures: [] }
  if (scope === "all" || scope === "daily") await relinkUnlinked(ctx, scope, done)
  for await (const ids of listCustomers(ctx, scope)) {
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

async function relinkUnlinked(ctx: Context, scope: "all" | "daily", done: Reconciled): Promise<void> {
  const since = scope === "all" ? null : new Date(Date.now() - ctx.timing.billing.quietMs)
  for await (const stripeId of findUnlinked(ctx, since)) {
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
    const waitMs = ctx.timing.billing.reconcileWaitMs
    const synced = await syncCustomer(ctx, customerId, { kind: "reconcile" }, { waitMs })
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
