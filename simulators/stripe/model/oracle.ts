import type Stripe from "stripe"
import type { Account } from "./account.ts"
import { invoicesOf, paymentOf } from "./invoices.ts"
import { itemOf, periodEnd } from "./subscriptions.ts"

export type Oracle = ReturnType<typeof oracleOf>

/** Disputes that have taken the money away. An inquiry and one that was won haven't. */
const CHARGED_BACK: readonly string[] = ["needs_response", "under_review", "lost"]

/**
 * Returns a customer's true state, for tests that compare it with what another system believes. Times are Unix
 * seconds, amounts cents.
 */
export function oracleOf(account: Account, customer: string) {
  const { store } = account
  const charges = store.all("charge").filter((charge) => charge.customer === customer)
  const isOwn = ({ charge }: { charge: unknown }) => charges.some(({ id }) => id === charge)
  return {
    now: account.now(),
    customer,
    deleted: store.get("deleted_customer", customer) !== undefined,
    subscriptions: store
      .all("subscription")
      .filter((subscription) => subscription.customer === customer)
      .map((subscription) => subscriptionFacts(account, subscription)),
    refunds: store
      .all("refund")
      .filter(isOwn)
      .map(({ id, charge, amount, status, metadata }) => {
        return { id, charge: String(charge), amount, status, metadata: metadata ?? {} }
      }),
    disputes: store
      .all("dispute")
      .filter(isOwn)
      .map(({ id, charge, status }) => ({ id, charge: String(charge), status })),
  }
}

function subscriptionFacts(account: Account, subscription: Stripe.Subscription) {
  const paid = invoicesOf(account, subscription.id)
    .filter((invoice) => invoice.status === "paid")
    .map((invoice) => paidInvoice(account, invoice))
  const ends = paid.filter(isKept).map((invoice) => invoice.periodEnd)
  return {
    id: subscription.id,
    status: subscription.status,
    price: itemOf(subscription).price.id,
    created: subscription.created,
    metadata: subscription.metadata,
    currentPeriodEnd: periodEnd(subscription),
    cancelAt: subscription.cancel_at,
    cancelAtPeriodEnd: subscription.cancel_at_period_end,
    endedAt: subscription.ended_at,
    latestInvoice: subscription.latest_invoice ? String(subscription.latest_invoice) : null,
    /** End of the last period that is paid for, and neither refunded whole nor charged back; null if none is. */
    paidThrough: ends.length > 0 ? Math.max(...ends) : null,
    paid,
  }
}

/** Whether the money wasn't given back or taken away. */
function isKept({ amountPaid, amountRefunded, dispute }: ReturnType<typeof paidInvoice>): boolean {
  const refunded = amountPaid > 0 && amountRefunded >= amountPaid
  return !refunded && !(dispute !== null && CHARGED_BACK.includes(dispute))
}

function paidInvoice(account: Account, invoice: Stripe.Invoice) {
  const intent = paymentOf(account, invoice)?.intent
  const charge = intent?.latest_charge ? account.store.get("charge", String(intent.latest_charge)) : undefined
  const dispute = charge && account.store.all("dispute").findLast((each) => each.charge === charge.id)
  // A credit for an old plan stands before what is paid for.
  const period = invoice.lines.data.findLast(({ amount }) => amount >= 0)?.period
  return {
    id: invoice.id,
    /** null: paid outside of Stripe, or nothing was to be paid. */
    charge: charge?.id ?? null,
    periodStart: period?.start ?? 0,
    periodEnd: period?.end ?? 0,
    amountPaid: invoice.amount_paid,
    amountRefunded: charge?.amount_refunded ?? 0,
    /** The status of the latest dispute about the charge, if there is one. */
    dispute: dispute?.status ?? null,
  }
}
