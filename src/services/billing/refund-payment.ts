import type Stripe from "stripe"
import type { Context } from "../context.ts"
import type { LeasedCustomer } from "./customer-lease.ts"
import type { OperatorNotices } from "./operator-notices.ts"
import { isWithheldByDispute, listPaymentIntents } from "./read-payment.ts"
import { stripeSdk } from "./stripe-sdk.ts"

/** A leased customer and their operator notices. */
export interface Enforcement {
  leased: LeasedCustomer
  notices: OperatorNotices
}

/** Refunds the payments of an invoice, each once. */
export async function refundInvoice(
  ctx: Context,
  enforcement: Enforcement,
  invoice: Stripe.Invoice,
): Promise<void> {
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
  const { StripeInvalidRequestError, StripePermissionError } = stripeSdk().errors
  return error instanceof StripeInvalidRequestError || error instanceof StripePermissionError
}
