import Stripe from "stripe"
import { SECOND } from "../../utils/time.ts"
import type { Context } from "../context.ts"
import type { LeasedCustomer } from "./customer-lease.ts"
import { type EntitlementRules, entitlementOf } from "./entitlement.ts"
import type { OperatorNotices } from "./operator-notices.ts"
import { isWithheldByDispute, listPaymentIntents, type Subscription } from "./read-subscriptions.ts"
import { isMissing } from "./stripe.ts"

/** A customer who is leased, and what is written down about them. */
interface Case {
  leased: LeasedCustomer
  notices: OperatorNotices
}

/**
 * Brings about at Stripe what must be true there: nothing runs for a deleted user, and what they pay afterwards goes
 * back; of two subscriptions that both give Pro the newer is cancelled and paid back. Which subscriptions are too many
 * is written down before anything is done about them, so every step may be cut off and is done by the next call.
 * @returns whether a subscription was cancelled, so that what was read before is stale
 */
export async function enforceRules(
  ctx: Context,
  { leased, notices }: Case,
  subscriptions: readonly Subscription[],
  { rules, now }: { rules: EntitlementRules; now: Date },
): Promise<boolean> {
  if (leased.closedAt !== null) return enforceClosed(ctx, { leased, notices }, leased.closedAt, subscriptions)
  const known = await notices.about("second_subscription_cancelled")
  const paying = subscriptions.filter(
    (subscription) =>
      !known.includes(subscription.id) && entitlementOf([subscription], rules, now).tier === "pro",
  )
  for (const { id } of oldestFirst(paying).slice(1)) {
    await notices.add({
      kind: "second_subscription_cancelled",
      objectId: id,
      detail:
        "The customer had a subscription already; the newer is cancelled and its last payment refunded.",
    })
  }
  return endSeconds(ctx, { leased, notices }, subscriptions)
}

/**
 * Stripe gives the second of a creation, which two tabs may share, and lists the newest first. Ids say nothing: they
 * are random.
 */
function oldestFirst(listed: readonly Subscription[]): Subscription[] {
  return listed.toReversed().sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime())
}

/** Those that could still ask for money. */
const isLive = ({ status }: Subscription) => status !== "canceled" && status !== "incomplete_expired"

/** All that were ever found to be too many: a payment of one of them may come late. */
async function endSeconds(
  ctx: Context,
  about: Case,
  subscriptions: readonly Subscription[],
): Promise<boolean> {
  let isChanged = false
  for (const id of await about.notices.about("second_subscription_cancelled")) {
    if (subscriptions.some((subscription) => subscription.id === id && isLive(subscription))) {
      await cancel(ctx, id)
      isChanged = true
    }
    await refundNewest(ctx, about, id)
  }
  return isChanged
}

/** Payments before the newest were for time in which it was the only one that counted. */
async function refundNewest(ctx: Context, about: Case, subscription: string): Promise<void> {
  try {
    const { data } = await ctx.stripe.invoices.list({ subscription, status: "paid", limit: NEWEST_INVOICES })
    const newest = data.find(({ amount_paid }) => amount_paid > 0)
    if (newest) await refundInvoice(ctx, about, newest)
  } catch (error) {
    // It is another account's, or the sandbox's, of which only our notice is left.
    if (!isMissing(error)) throw error
  }
}

/** Those of nothing, such as a proration's, stand among them. */
const NEWEST_INVOICES = 5

async function enforceClosed(
  ctx: Context,
  about: Case,
  closedAt: Date,
  subscriptions: readonly Subscription[],
): Promise<boolean> {
  const live = subscriptions.filter(isLive)
  for (const { id } of live) await cancel(ctx, id)
  try {
    await expireCheckouts(ctx, about.leased.stripeId as string)
    await refundLate(ctx, about, closedAt)
  } catch (error) {
    // Stripe doesn't know the customer any more: nothing can be paid.
    if (!isMissing(error)) throw error
  }
  return live.length > 0
}

async function cancel(ctx: Context, subscription: string): Promise<void> {
  try {
    await ctx.stripe.subscriptions.cancel(subscription, { prorate: false, invoice_now: false })
  } catch (error) {
    if (!isMissing(error)) throw error
  }
}

/** A page that is still open would take a payment; also one that we were cut off from writing down. */
async function expireCheckouts(ctx: Context, customer: string): Promise<void> {
  const { data } = await ctx.stripe.checkout.sessions.list({ customer, status: "open", limit: 100 })
  for (const { id } of data) await ctx.stripe.checkout.sessions.expire(id)
}

/** Stripe counts whole seconds, so a payment in the second of the deletion counts as one after it. */
async function refundLate(ctx: Context, about: Case, closedAt: Date): Promise<void> {
  const since = Math.floor(closedAt.getTime() / SECOND)
  const { data } = await ctx.stripe.invoices.list({
    customer: about.leased.stripeId as string,
    status: "paid",
    limit: 100,
  })
  for (const invoice of data) {
    if ((invoice.status_transitions.paid_at ?? 0) >= since) await refundInvoice(ctx, about, invoice)
  }
}

async function refundInvoice(ctx: Context, about: Case, invoice: Stripe.Invoice): Promise<void> {
  if (invoice.amount_paid === 0 || !invoice.id) return
  for (const intent of await listPaymentIntents(ctx.stripe, invoice.id)) await refund(ctx, about, intent)
}

/**
 * Once for each payment: what Stripe has given back already, or a bank has taken back, is left alone. A refund that
 * Stripe refuses, or that fails on its way, is for a person to look at, and doesn't hold up the rest.
 */
async function refund(ctx: Context, { leased, notices }: Case, payment_intent: string): Promise<void> {
  const { latest_charge } = await ctx.stripe.paymentIntents.retrieve(payment_intent, {
    expand: ["latest_charge"],
  })
  if (latest_charge === null || typeof latest_charge === "string") return
  const tell = ({ status, failure_reason }: Pick<Stripe.Refund, "status" | "failure_reason">) =>
    notices.add(
      IN_FLIGHT.has(status)
        ? { kind: "payment_refunded", objectId: payment_intent, detail: whyRefunded(leased) }
        : {
            kind: "refund_failed",
            objectId: payment_intent,
            detail: `Stripe says of this refund: ${status}, ${failure_reason ?? "no reason"}.`,
          },
    )
  // Told by the refund itself, also where we were cut off from its answer. One that has failed isn't tried again: it
  // would fail again at every event.
  const { data } = await ctx.stripe.refunds.list({ payment_intent, limit: 100 })
  const ours = data.find(({ metadata }) => metadata?.billing_customer_id === leased.id)
  if (ours) return tell(ours)
  if (latest_charge.refunded) return
  // Also after an inquiry or a dispute that was won, which leave the money here, the charge counts as disputed.
  if (latest_charge.disputed && (await isWithheldByDispute(ctx.stripe, payment_intent))) return
  try {
    // No key of our own: Stripe would repeat a failure to it for a day.
    await tell(
      await ctx.stripe.refunds.create({ payment_intent, metadata: { billing_customer_id: leased.id } }),
    )
  } catch (error) {
    if (!isRefusal(error)) throw error
    const detail = `Stripe refuses this refund: ${error.code ?? error.type}.`
    await notices.add({ kind: "refund_failed", objectId: payment_intent, detail })
  }
}

/** The states of a refund in which the money goes back; in all others somebody must do something. */
const IN_FLIGHT = new Set<string | null>(["succeeded", "pending"])

const whyRefunded = ({ closedAt }: LeasedCustomer) =>
  closedAt ? "Paid by a deleted user." : "Paid for a second subscription."

/** Also of a restricted key that may not give money back. */
function isRefusal(error: unknown): error is Stripe.errors.StripeError {
  const { StripeInvalidRequestError, StripePermissionError } = Stripe.errors
  return error instanceof StripeInvalidRequestError || error instanceof StripePermissionError
}
