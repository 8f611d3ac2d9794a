import type Stripe from "stripe"
import { z } from "zod"
import { disputeObject } from "../objects/refunds-disputes.ts"
import type { Account } from "./account.ts"
import { cancelNow, scheduleCancellation } from "./cancel.ts"
import { assign, change } from "./change.ts"
import { subscriptionOf } from "./invoices.ts"
import { invalid } from "./refusals.ts"
import { isOver } from "./subscriptions.ts"

export const OpenDispute = z.enum(["needs_response", "warning_needs_response"])
export type OpenDispute = z.infer<typeof OpenDispute>
export const ClosedDispute = z.enum(["won", "lost", "warning_closed"])
export type ClosedDispute = z.infer<typeof ClosedDispute>

const CLOSED: readonly string[] = ClosedDispute.options

/** The cardholder's bank disputes a charge, or only asks about it (`warning_needs_response`). */
export function openDispute(account: Account, charge: Stripe.Charge, status: OpenDispute = "needs_response") {
  if (charge.disputed) throw invalid(`Charge ${charge.id} is already disputed.`)
  const dispute = account.store.add("dispute", disputeObject(account, charge, status))
  assign(charge, { disputed: true })
  account.emit("charge.dispute.created", dispute)
  if (status === "needs_response") {
    account.emit("charge.dispute.funds_withdrawn", dispute)
    followSetting(account, charge)
  }
  return dispute
}

/** The bank decides. An inquiry closes without a decision (`warning_closed`). */
export function closeDispute(account: Account, dispute: Stripe.Dispute, status: ClosedDispute) {
  if (CLOSED.includes(dispute.status)) throw invalid(`This dispute is already closed.`)
  assign(dispute, { status, is_charge_refundable: status === "won" })
  account.emit("charge.dispute.closed", dispute)
  if (status === "won") account.emit("charge.dispute.funds_reinstated", dispute)
  return dispute
}

/** Evidence is handed in. */
export function submitEvidence(
  account: Account,
  dispute: Stripe.Dispute,
  evidence: Record<string, string> = {},
  metadata: Stripe.Metadata = {},
): Stripe.Dispute {
  if (CLOSED.includes(dispute.status)) throw invalid("This dispute is already closed.")
  const submitted = Object.keys(evidence).length > 0
  const review = dispute.status.startsWith("warning") ? "warning_under_review" : "under_review"
  return change(account, "charge.dispute.updated", dispute, {
    evidence: { ...dispute.evidence, ...evidence },
    metadata: { ...dispute.metadata, ...metadata },
    ...(submitted && {
      status: review,
      evidence_details: { ...dispute.evidence_details, has_evidence: true, submission_count: 1 },
    }),
  })
}

function followSetting(account: Account, charge: Stripe.Charge) {
  const subscription = subscriptionOfCharge(account, charge)
  const { cancelOnDispute } = account.settings
  if (!subscription || isOver(subscription) || !cancelOnDispute) return
  if (cancelOnDispute === "at_period_end") {
    scheduleCancellation(account, subscription, { at: "period_end", reason: "payment_disputed" })
  } else cancelNow(account, subscription, "payment_disputed")
}

function subscriptionOfCharge(account: Account, charge: Stripe.Charge): Stripe.Subscription | undefined {
  const invoicePayment = account.store
    .all("invoice_payment")
    .find(({ payment }) => payment.payment_intent === charge.payment_intent)
  return (
    invoicePayment && subscriptionOf(account, account.store.need("invoice", String(invoicePayment.invoice)))
  )
}
