import type Stripe from "stripe"
import { z } from "zod"
import type { SubscriptionFacts } from "./entitlement.ts"
import { Timestamp } from "./timestamp.ts"

export type Payment = Pick<SubscriptionFacts, "paidUntil" | "withheld">
export const NOTHING_PAID: Payment = { paidUntil: null, withheld: null }

const Line = z.object({
  amount: z.number().nullish(),
  period: z.object({ end: Timestamp }),
  pricing: z
    .object({
      price_details: z.object({ price: z.union([z.string(), z.object({ id: z.string() })]) }).nullish(),
    })
    .nullish(),
})
type Line = z.infer<typeof Line>

/** The paid period is in the invoice's lines. The invoice's own `period_end` is the end of the period before. */
const PaidInvoice = z.object({
  id: z.string(),
  created: z.number(),
  amount_paid: z.number(),
  lines: z.object({ data: z.array(Line), has_more: z.boolean().nullish() }),
})
type PaidInvoice = z.infer<typeof PaidInvoice>

const PAGE = 20

/**
 * Reads until when a subscription is paid, and whether that payment was taken back. The newest paid invoice with a line
 * for Pro decides, however many others came after it: an older one may cover a longer time that a change of plan has
 * given back.
 */
export async function readPayment(
  stripe: Stripe,
  subscription: string,
  proPrices: readonly string[],
): Promise<Payment> {
  let newest: { invoice: PaidInvoice; covers: Date } | null = null
  for await (const each of stripe.invoices.list({ subscription, status: "paid", limit: PAGE })) {
    const invoice = PaidInvoice.parse(each)
    // Stripe's precision is a second, in which a subscription can begin and change its plan.
    if (newest && invoice.created < newest.invoice.created) break
    const covers = coveredUntil(await readLines(stripe, invoice), proPrices)
    if (covers && (!newest || covers > newest.covers)) newest = { invoice, covers }
  }
  if (!newest) return NOTHING_PAID
  const { invoice, covers } = newest
  return {
    paidUntil: covers,
    withheld: invoice.amount_paid > 0 ? await readWithheld(stripe, invoice.id) : null,
  }
}

/** An invoice comes with its first ten lines. */
async function readLines(stripe: Stripe, { id, lines }: PaidInvoice): Promise<Line[]> {
  if (!lines.has_more) return lines.data
  const all: Line[] = []
  for await (const line of stripe.invoices.listLineItems(id, { limit: 100 })) all.push(Line.parse(line))
  return all
}

/**
 * Returns until when an invoice's lines pay for Pro. Lines without a price count as Pro; other products don't, nor do
 * negative lines, which credit the rest of a period that a change of plan has cut off.
 */
function coveredUntil(lines: readonly Line[], proPrices: readonly string[]): Date | null {
  const ends = lines.flatMap(({ amount, period, pricing }) => {
    if ((amount ?? 0) < 0) return []
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
