import type Stripe from "stripe"
import type { Account } from "./account.ts"
import { invoicesOf, paymentOf } from "./invoices.ts"
import { itemOf, periodEnd } from "./subscriptions.ts"

export type PaidInvoice = {
  id: string
  /** null: paid outside of Stripe, or nothing was to be paid. */
  charge: string | null
  periodStart: number
  periodEnd: number
  amountPaid: number
  amountRefunded: number
  /** The status of the dispute about it, if there is one. */
  dispute: string | null
}

export type SubscriptionFacts = {
  id: string
  status: string
  price: string
  created: number
  currentPeriodEnd: number
  cancelAt: number | null
  cancelAtPeriodEnd: boolean
  endedAt: number | null
  latestInvoice: string | null
  /** End of the last period that is paid for, and neither refunded whole nor charged back; null if none is. */
  paidThrough: number | null
  paid: PaidInvoice[]
}

/** A customer's state as the simulator has it. Times are Unix seconds, amounts cents. */
export type Oracle = {
  now: number
  customer: string
  deleted: boolean
  subscriptions: SubscriptionFacts[]
  refunds: Array<{
    id: string
    charge: string
    amount: number
    status: string | null
    metadata: Stripe.Metadata
  }>
  disputes: Array<{ id: string; charge: string; status: string }>
}

/** Disputes that have taken the money away. An inquiry and one that was won haven't. */
const CHARGED_BACK: readonly string[] = ["needs_response", "under_review", "lost"]

/** What a customer has, for tests that compare it with what another system believes. */
export function oracleOf(account: Account, customer: string): Oracle {
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

function subscriptionFacts(account: Account, subscription: Stripe.Subscription): SubscriptionFacts {
  const paid = invoicesOf(account, subscription.id)
    .filter((invoice) => invoice.status === "paid")
    .map((invoice) => paidInvoice(account, invoice))
  const ends = paid.filter(isKept).map((invoice) => invoice.periodEnd)
  return {
    id: subscription.id,
    status: subscription.status,
    price: itemOf(subscription).price.id,
    created: subscription.created,
    currentPeriodEnd: periodEnd(subscription),
    cancelAt: subscription.cancel_at,
    cancelAtPeriodEnd: subscription.cancel_at_period_end,
    endedAt: subscription.ended_at,
    latestInvoice: subscription.latest_invoice ? String(subscription.latest_invoice) : null,
    paidThrough: ends.length > 0 ? Math.max(...ends) : null,
    paid,
  }
}

/** Whether the money wasn't given back or taken away. */
function isKept({ amountPaid, amountRefunded, dispute }: PaidInvoice): boolean {
  const refunded = amountPaid > 0 && amountRefunded >= amountPaid
  return !refunded && !(dispute !== null && CHARGED_BACK.includes(dispute))
}

function paidInvoice(account: Account, invoice: Stripe.Invoice): PaidInvoice {
  const intent = paymentOf(account, invoice)?.intent
  const charge = intent?.latest_charge ? account.store.get("charge", String(intent.latest_charge)) : undefined
  const dispute = charge && account.store.all("dispute").findLast((each) => each.charge === charge.id)
  const period = invoice.lines.data[0]?.period
  return {
    id: invoice.id,
    charge: charge?.id ?? null,
    periodStart: period?.start ?? 0,
    periodEnd: period?.end ?? 0,
    amountPaid: invoice.amount_paid,
    amountRefunded: charge?.amount_refunded ?? 0,
    dispute: dispute?.status ?? null,
  }
}
