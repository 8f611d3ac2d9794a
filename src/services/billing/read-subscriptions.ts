import type Stripe from "stripe"
import { z } from "zod"
import { SECOND } from "../../utils/time.ts"
import type { SubscriptionFacts } from "./entitlement.ts"
import { isMissing } from "./stripe.ts"

/** What is kept of a subscription of Stripe's. */
export interface Subscription extends SubscriptionFacts {
  currentPeriodEnd: Date | null
  canceledAt: Date | null
  endedAt: Date | null
}

/** Unix seconds, as Stripe gives times. */
const Timestamp = z.number().transform((seconds) => new Date(seconds * SECOND))

const MaybeTimestamp = Timestamp.nullish().transform((time) => time ?? null)

/** The part of a subscription that is read; since 2025-03-31 the period is on its items. */
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

/** More subscriptions than anybody has. */
const MAX_SUBSCRIPTIONS = 200

/**
 * Reads from Stripe what is true of a customer's subscriptions now: their states and what was paid for them. A
 * customer whom Stripe doesn't know, or not any more, has none. In the order of Stripe's list, newest first.
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
  try {
    const found = await stripe.subscriptions
      .list({ customer, status: "all", limit: 100 })
      .autoPagingToArray({ limit: MAX_SUBSCRIPTIONS })
    return found.map((subscription) => StripeSubscription.parse(subscription))
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

/** Over for good, whatever is paid or given back. */
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

/** What was paid for is in the invoice's lines: its own `period_end` is the end of the period before. */
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

/** Invoices come newest first; an older one may cover a later period only by a change of plan in between. */
const NEWEST_INVOICES = 5

async function readPayment(
  stripe: Stripe,
  subscription: string,
  proPrices: readonly string[],
): Promise<Payment> {
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

/** Until when an invoice pays for Pro. Something else may stand on it, for longer; lines without a price are Pro's. */
function coveredUntil({ lines }: PaidInvoice, proPrices: readonly string[]): Date | null {
  const ends = lines.data.flatMap(({ period, pricing }) => {
    const price = pricing?.price_details?.price
    const id = typeof price === "object" ? price.id : price
    return id === undefined || proPrices.includes(id) ? period.end.getTime() : []
  })
  return ends.length > 0 ? new Date(Math.max(...ends)) : null
}

/** Charges don't name their invoice any more, so the way leads over its payments. */
async function readWithheld(stripe: Stripe, invoice: string): Promise<SubscriptionFacts["withheld"]> {
  const charges = await Promise.all((await listPaymentIntents(stripe, invoice)).map(readCharge(stripe)))
  const taken = charges.flatMap((charge) => charge ?? [])
  if (taken.some(({ disputed }) => disputed)) return "disputed"
  return taken.length > 0 && taken.every(({ refunded }) => refunded) ? "refunded" : null
}

/** Whether a payment of a subscription's newest invoice is on its way. */
export async function isBeingPaid(stripe: Stripe, subscription: string): Promise<boolean> {
  const { data } = await stripe.invoices.list({ subscription, limit: 1 })
  const [invoice] = data
  if (!invoice?.id) return false
  const intents = await listPaymentIntents(stripe, invoice.id, "open")
  const found = await Promise.all(intents.map((intent) => stripe.paymentIntents.retrieve(intent)))
  return found.some(({ status }) => status === "processing")
}

/** The payment intents by which an invoice was, or is to be, paid; none for what is paid outside of Stripe. */
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

/** Inquiries (`warning_…`) and disputes that were prevented or won leave the money where it is. */
const MONEY_STAYS = new Set([
  "won",
  "prevented",
  "warning_needs_response",
  "warning_under_review",
  "warning_closed",
])

/** Whether a bank has taken a payment's money back. */
export async function isWithheldByDispute(stripe: Stripe, payment_intent: string): Promise<boolean> {
  const { data } = await stripe.disputes.list({ payment_intent, limit: 100 })
  return data.some(({ status }) => !MONEY_STAYS.has(status))
}
