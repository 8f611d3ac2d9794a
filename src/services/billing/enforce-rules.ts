import Stripe from "stripe"
import { SECOND } from "../../utils/time.ts"
import type { Context } from "../context.ts"
import type { LeasedCustomer } from "./customer-lease.ts"
import { type EntitlementRules, entitlementOf } from "./entitlement.ts"
import type { OperatorNotices } from "./operator-notices.ts"
import { isWithheldByDispute, listPaymentIntents, type Subscription } from "./read-subscriptions.ts"
import { isMissing, nullIfMissing } from "./stripe.ts"

/** A leased customer and their operator notices. */
interface Enforcement {
  leased: LeasedCustomer
  notices: OperatorNotices
}

/**
 * Enforces two rules at Stripe. A deleted user has no subscription, and their later payments are refunded. Of several
 * subscriptions that give Pro, the oldest stays and the others are cancelled and refunded. Duplicates are recorded
 * before they are cancelled, so that the next call completes a call that was interrupted.
 * @returns whether a subscription was cancelled, which makes `subscriptions` stale
 */
export async function enforceRules(
  ctx: Context,
  { leased, notices }: Enforcement,
  subscriptions: readonly Subscription[],
  { rules, now }: { rules: EntitlementRules; now: Date },
): Promise<boolean> {
  if (leased.closedAt !== null) return enforceClosed(ctx, { leased, notices }, leased.closedAt, subscriptions)
  const known = await notices.listObjectIds("second_subscription_cancelled")
  const paying = subscriptions.filter(
    (subscription) =>
      !known.includes(subscription.id) && entitlementOf([subscription], rules, now).tier === "pro",
  )
  for (const { id } of oldestFirst(paying).slice(1)) {
    await notices.add({
      kind: "second_subscription_cancelled",
      objectId: id,
      detail:
        "The customer already had a subscription. The newer one was cancelled and its last payment refunded.",
    })
  }
  return cancelDuplicates(ctx, { leased, notices }, subscriptions)
}

/**
 * Two tabs may create subscriptions within the same second, Stripe's precision. Then the order of its list decides,
 * which has the newest first; ids are random.
 */
function oldestFirst(listed: readonly Subscription[]): Subscription[] {
  return listed.toReversed().sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime())
}

/** Checks whether a subscription can still charge the customer. */
const isLive = ({ status }: Subscription) => status !== "canceled" && status !== "incomplete_expired"

/** Cancels and refunds all duplicates ever found, because a payment for one may arrive late. */
async function cancelDuplicates(
  ctx: Context,
  enforcement: Enforcement,
  subscriptions: readonly Subscription[],
): Promise<boolean> {
  let isChanged = false
  for (const id of await enforcement.notices.listObjectIds("second_subscription_cancelled")) {
    if (subscriptions.some((subscription) => subscription.id === id && isLive(subscription))) {
      await cancel(ctx, id)
      isChanged = true
    }
    await refundNewest(ctx, enforcement, id)
  }
  return isChanged
}

/** Refunds the newest payment only: earlier ones paid for a time when this was the only valid subscription. */
async function refundNewest(ctx: Context, enforcement: Enforcement, subscription: string): Promise<void> {
  try {
    const { data } = await ctx.stripe.invoices.list({ subscription, status: "paid", limit: NEWEST_INVOICES })
    const newest = data.find(({ amount_paid }) => amount_paid > 0)
    if (newest) await refundInvoice(ctx, enforcement, newest)
  } catch (error) {
    // The subscription belongs to another Stripe account or mode, and only our notice of it is left.
    if (!isMissing(error)) throw error
  }
}

/** More than one, because invoices of zero, such as prorations, are listed too. */
const NEWEST_INVOICES = 5

async function enforceClosed(
  ctx: Context,
  enforcement: Enforcement,
  closedAt: Date,
  subscriptions: readonly Subscription[],
): Promise<boolean> {
  const live = subscriptions.filter(isLive)
  for (const { id } of live) await cancel(ctx, id)
  try {
    await expireCheckouts(ctx, enforcement.leased.stripeId as string)
    await refundLate(ctx, enforcement, closedAt)
  } catch (error) {
    // Stripe has deleted the customer, so nothing can be paid.
    if (!isMissing(error)) throw error
  }
  return live.length > 0
}

async function cancel(ctx: Context, subscription: string): Promise<void> {
  await nullIfMissing(ctx.stripe.subscriptions.cancel(subscription, { prorate: false, invoice_now: false }))
}

/** Expires all open Checkout pages, including any that we failed to record: they would still take a payment. */
async function expireCheckouts(ctx: Context, customer: string): Promise<void> {
  const { data } = await ctx.stripe.checkout.sessions.list({ customer, status: "open", limit: 100 })
  for (const { id } of data) await ctx.stripe.checkout.sessions.expire(id)
}

/** Refunds payments made after the deletion, or in the same second, which is Stripe's precision. */
async function refundLate(ctx: Context, enforcement: Enforcement, closedAt: Date): Promise<void> {
  const since = Math.floor(closedAt.getTime() / SECOND)
  const { data } = await ctx.stripe.invoices.list({
    customer: enforcement.leased.stripeId as string,
    status: "paid",
    limit: 100,
  })
  for (const invoice of data) {
    if ((invoice.status_transitions.paid_at ?? 0) >= since) await refundInvoice(ctx, enforcement, invoice)
  }
}

async function refundInvoice(ctx: Context, enforcement: Enforcement, invoice: Stripe.Invoice): Promise<void> {
  if (invoice.amount_paid === 0 || !invoice.id) return
  for (const intent of await listPaymentIntents(ctx.stripe, invoice.id))
    await refund(ctx, enforcement, intent)
}

/**
 * Refunds a payment once, unless it was already refunded or lost in a dispute. A refund that Stripe rejects or that
 * fails later becomes an operator notice and doesn't stop the others.
 */
async function refund(ctx: Context, { leased, notices }: Enforcement, payment_intent: string): Promise<void> {
  const { latest_charge } = await ctx.stripe.paymentIntents.retrieve(payment_intent, {
    expand: ["latest_charge"],
  })
  if (latest_charge === null || typeof latest_charge === "string") return
  const record = ({ status, failure_reason }: Pick<Stripe.Refund, "status" | "failure_reason">) =>
    notices.add(
      REFUNDING.has(status)
        ? { kind: "payment_refunded", objectId: payment_intent, detail: refundReason(leased) }
        : {
            kind: "refund_failed",
            objectId: payment_intent,
            detail: `The refund has the status ${status} at Stripe. Reason: ${failure_reason ?? "none given"}.`,
          },
    )
  // Finds our earlier refund even if its response never reached us. A failed refund isn't retried: it would fail
  // again at every event.
  const { data } = await ctx.stripe.refunds.list({ payment_intent, limit: 100 })
  const ours = data.find(({ metadata }) => metadata?.billing_customer_id === leased.id)
  if (ours) return record(ours)
  if (latest_charge.refunded) return
  // `disputed` is also set after an inquiry or a dispute that was won, which leave the money with us.
  if (latest_charge.disputed && (await isWithheldByDispute(ctx.stripe, payment_intent))) return
  try {
    // Without an idempotency key: Stripe would repeat a failure under it for a day.
    await record(
      await ctx.stripe.refunds.create({ payment_intent, metadata: { billing_customer_id: leased.id } }),
    )
  } catch (error) {
    if (!isRejection(error)) throw error
    const detail = `Stripe rejected the refund: ${error.code ?? error.type}.`
    await notices.add({ kind: "refund_failed", objectId: payment_intent, detail })
  }
}

/** The states in which a refund succeeds without an operator. */
const REFUNDING = new Set<string | null>(["succeeded", "pending"])

const refundReason = ({ closedAt }: LeasedCustomer) =>
  closedAt ? "Paid by a deleted user." : "Paid for a second subscription."

/** Checks whether Stripe rejected the refund itself, or our restricted key lacks the permission. */
function isRejection(error: unknown): error is Stripe.errors.StripeError {
  const { StripeInvalidRequestError, StripePermissionError } = Stripe.errors
  return error instanceof StripeInvalidRequestError || error instanceof StripePermissionError
}
