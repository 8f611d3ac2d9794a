import type Stripe from "stripe"
import { z } from "zod"
import type { SubscriptionFacts } from "./entitlement.ts"
import { NOTHING_PAID, readPayment } from "./read-payment.ts"
import { nullIfMissing } from "./stripe.ts"
import { MaybeTimestamp, Timestamp } from "./timestamp.ts"

/** The fields of a Stripe subscription that we store, and whether this service made it. */
export interface Subscription extends SubscriptionFacts {
  currentPeriodEnd: Date | null
  canceledAt: Date | null
  endedAt: Date | null
  /** Stripe's page where the customer pays or confirms the open invoice; null when nothing is owed. */
  actionUrl: string | null
  /** Whether this service's Checkout made it. Others, as made in the Dashboard, are an operator's business. */
  isFromCheckout: boolean
}

const Item = z.object({ price: z.object({ id: z.string() }), current_period_end: MaybeTimestamp })
const OpenInvoice = z.object({ status: z.string().nullish(), hosted_invoice_url: z.string().nullish() })

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
  metadata: z.record(z.string(), z.string()).nullish(),
  latest_invoice: z.union([z.string(), OpenInvoice]).nullish(),
  items: z.object({ data: z.array(Item), has_more: z.boolean().nullish() }),
})
type StripeSubscription = z.infer<typeof StripeSubscription>

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
  const expand = ["data.latest_invoice"]
  const list = stripe.subscriptions.list({ customer, status: "all", limit: 100, expand })
  const found = await nullIfMissing(list.autoPagingToArray({ limit: MAX_SUBSCRIPTIONS }))
  return (found ?? []).map((subscription) => StripeSubscription.parse(subscription))
}

/** The final statuses, whatever is paid or refunded. */
const TERMINAL = new Set(["canceled", "incomplete_expired"])

async function readOne(
  stripe: Stripe,
  subscription: StripeSubscription,
  proPrices: readonly string[],
): Promise<Subscription> {
  const { id, status, livemode } = subscription
  const isOver = TERMINAL.has(status)
  const items = await readItems(stripe, subscription)
  const pro = items.find(({ price }) => proPrices.includes(price.id))
  const item = pro ?? items[0]
  const currentPeriodEnd = item?.current_period_end ?? null
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
    // The mark that start-checkout.ts sets.
    isFromCheckout: subscription.metadata?.billing_customer_id !== undefined,
    actionUrl: isOver || !pro ? null : await readActionUrl(stripe, subscription),
    ...(isOver || !pro ? NOTHING_PAID : await readPayment(stripe, id, proPrices)),
  }
}

/** A subscription comes with its first ten items. */
async function readItems(stripe: Stripe, { id, items }: StripeSubscription) {
  if (!items.has_more) return items.data
  const all: z.infer<typeof Item>[] = []
  const list = stripe.subscriptionItems.list({ subscription: id, limit: 100 })
  for await (const item of list) all.push(Item.parse(item))
  return all
}

/** The statuses in which a renewal is owed. A first payment is made, or repeated, on the Checkout page. */
const OWING = new Set(["past_due", "unpaid"])

async function readActionUrl(
  stripe: Stripe,
  { id, status, latest_invoice: latest }: StripeSubscription,
): Promise<string | null> {
  if (!OWING.has(status)) return null
  if (typeof latest === "object" && latest?.status === "open") return latest.hosted_invoice_url ?? null
  // The newest may be the draft of the next period.
  const { data } = await stripe.invoices.list({ subscription: id, status: "open", limit: 1 })
  return data[0]?.hosted_invoice_url ?? null
}
