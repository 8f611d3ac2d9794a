import type Stripe from "stripe"
import { z } from "zod"
import { SECOND } from "../../utils/time.ts"
import type { SubscriptionFacts } from "./entitlement.ts"
import { nullIfMissing } from "./stripe.ts"

/** The fields of a Stripe subscription that we store. */
export interface Subscription extends SubscriptionFacts {
  currentPeriodEnd: Date | null
  canceledAt: Date | null
  endedAt: Date | null
}

/** Stripe's times are Unix time in seconds. */
const Timestamp = z.number().transform((seconds) => new Date(seconds * SECOND))

const MaybeTimestamp = Timestamp.nullish().transform((time) => time ?? null)

/** The fields that are read. Since API version 2025-03-31 the period is on the items. */
const StripeSubscription = z.object({
  id: z.string(),
  status: z.string(),
  livemode: z.boolean(),
  created: Timestamp,
  cancel_at_period_end: z.boolean().nullish(),
  cancel_at: MaybeTimestamp,
  canceled_at: MaybeTimestamp,
  ended_at: MaybeTimestamp,
  trial_end: MaybeTimestamp,
  items: z.object({
    data: z.array(z.object({ price: z.object({ id: z.string() }), current_period_end: MaybeTimestamp })),
  }),
})

/** More subscriptions than any customer has. */
const MAX_SUBSCRIPTIONS = 200

/**
 * Reads the current state and payments of a customer's subscriptions from Stripe, newest first. A customer who is
 * unknown to Stripe or deleted has none.
 */
export async function readSubscriptions(
  stripe: Stripe,
  stripeCustomerId: string,
  proPrices: readonly string[],
): Promise<Subscription[]> {
  const listed = await listSubscriptions(stripe, stripeCustomerId)
  return Promise.all(listed.map((subscription) => readOne(stripe, subscription, proPrices)))
}

async function listSubscriptions(stripe: Stripe, customer: string) {
  const list = stripe.subscriptions.list({ customer, status: "all", limit: 100 })
  const found = await nullIfMissing(list.autoPagingToArray({ limit: MAX_SUBSCRIPTIONS }))
  return (found ?? []).map((subscription) => StripeSubscription.parse(subscription))
}

/** The final statuses, whatever is paid or refunded. */
const TERMINAL = new Set(["canceled", "incomplete_expired"])

async function readOne(
  stripe: Stripe,
  subscription: z.infer<typeof StripeSubscription>,
  proPrices: readonly string[],
): Promise<Subscription> {
  const { id, status, livemode, items } = subscription
  const item = items.data.find(({ price }) => proPrices.includes(price.id)) ?? items.data[0]
  const currentPeriodEnd = item?.current_period_end ?? null
  const paid = TERMINAL.has(status) ? NOTHING_PAID : await readPayment(stripe, id, proPrices)
  return {
    id,
    status,
    livemode,
    priceId: item?.price.id ?? null,
    currentPeriodEnd,
    trialEnd: subscription.trial_end,
    cancelAt: subscription.cancel_at ?? (subscription.cancel_at_period_end ? currentPeriodEnd : null),
    canceledAt: subscription.canceled_at,
    endedAt: subscription.ended_at,
    createdAt: subscription.created,
    ...paid,
  }
}

type Payment = Pick<SubscriptionFacts, "paidUntil" | "withheld">
const NOTHING_PAID: Payment = { paidUntil: null, withheld: null }

/** The paid period is in the invoice's lines. The invoice's own `period_end` is the end of the period before. */
const PaidInvoice = z.object({
  id: z.string(),
  created: z.number(),
  amount_paid: z.number(),
  lines: z.object({
    data: z.array(
      z.object({
        period: z.object({ end: Timestamp }),
        pricing: z
          .object({
            price_details: z.object({ price: z.union([z.string(), z.object({ id: z.string() })]) }).nullish(),
          })
          .nullish(),
      }),
    ),
  }),
})
type PaidInvoice = z.infer<typeof PaidInvoice>

/** Invoices come newest first. An older one covers a later period only after a change of plan. */
const NEWEST_INVOICES = 5

async function readPayment(stripe: Stripe, subscription: string, proPrices: readonly string[]) {
  const { data } = await stripe.invoices.list({ subscription, status: "paid", limit: NEWEST_INVOICES })
  const newest = data
    .map((invoice) => PaidInvoice.parse(invoice))
    .flatMap((invoice) => {
      const covers = coveredUntil(invoice, proPrices)
      return covers ? { ...invoice, covers } : []
    })
    .sort((a, b) => b.covers.getTime() - a.covers.getTime() || b.created - a.created)[0]
  if (!newest) return NOTHING_PAID
  const withheld = newest.amount_paid > 0 ? await readWithheld(stripe, newest.id) : null
  return { paidUntil: newest.covers, withheld }
}

/** Returns until when an invoice pays for Pro. Lines without a price count as Pro; other products don't. */
function coveredUntil({ lines }: PaidInvoice, proPrices: readonly string[]): Date | null {
  const ends = lines.data.flatMap(({ period, pricing }) => {
    const price = pricing?.price_details?.price
    const id = typeof price === "object" ? price.id : price
    return id === undefined || proPrices.includes(id) ? period.end.getTime() : []
  })
  return ends.length > 0 ? new Date(Math.max(...ends)) : null
}

/** Finds the charges by the invoice's payments: charges no longer refer to their invoice. */
async function readWithheld(stripe: Stripe, invoice: string): Promise<SubscriptionFacts["withheld"]> {
  const charges = await Promise.all((await listPaymentIntents(stripe, invoice)).map(readCharge(stripe)))
  const known = charges.flatMap((charge) => charge ?? [])
  if (known.some(({ disputed }) => disputed)) return "disputed"
  return known.length > 0 && known.every(({ refunded }) => refunded) ? "refunded" : null
}

/** Checks whether a payment of the subscription's newest invoice is processing. */
export async function isBeingPaid(stripe: Stripe, subscription: string): Promise<boolean> {
  const { data } = await stripe.invoices.list({ subscription, limit: 1 })
  const [invoice] = data
  if (!invoice?.id) return false
  const intents = await listPaymentIntents(stripe, invoice.id, "open")
  const found = await Promise.all(intents.map((intent) => stripe.paymentIntents.retrieve(intent)))
  return found.some(({ status }) => status === "processing")
}

/** Lists the payment intents of an invoice's payments; none for payments outside Stripe. */
export async function listPaymentIntents(
  stripe: Stripe,
  invoice: string,
  status: "paid" | "open" = "paid",
): Promise<string[]> {
  const { data } = await stripe.invoicePayments.list({ invoice, status, limit: 100 })
  return data.flatMap(({ payment }) => {
    const intent = payment.payment_intent
    return typeof intent === "string" ? intent : (intent?.id ?? [])
  })
}

const ChargeState = z.object({ refunded: z.boolean(), disputed: z.boolean() })

function readCharge(stripe: Stripe) {
  return async (paymentIntent: string) => {
    const { latest_charge } = await stripe.paymentIntents.retrieve(paymentIntent, {
      expand: ["latest_charge"],
    })
    if (latest_charge === null || typeof latest_charge === "string") return null
    const { refunded, disputed } = ChargeState.parse(latest_charge)
    return { refunded, disputed: disputed && (await isWithheldByDispute(stripe, paymentIntent)) }
  }
}

/** Inquiries (`warning_…`) and disputes that were prevented or won leave the money with us. */
const MONEY_STAYS = new Set([
  "won",
  "prevented",
  "warning_needs_response",
  "warning_under_review",
  "warning_closed",
])

/** Checks whether a dispute has taken the payment back. */
export async function isWithheldByDispute(stripe: Stripe, payment_intent: string): Promise<boolean> {
  const { data } = await stripe.disputes.list({ payment_intent, limit: 100 })
  return data.some(({ status }) => !MONEY_STAYS.has(status))
}
