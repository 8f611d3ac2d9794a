import type Stripe from "stripe"
import { disputeObject, type OpenDispute } from "../objects/dispute.ts"
import { cancelNow, isOver, scheduleCancellation } from "./cancel.ts"
import { assign, change } from "./change.ts"
import { subscriptionOf } from "./invoices.ts"
import { invalid } from "./refusals.ts"
import type { World } from "./world.ts"

export type ClosedDispute = "won" | "lost" | "warning_closed"

const CLOSED: readonly string[] = ["won", "lost", "warning_closed"]

/** The cardholder's bank disputes a charge, or only asks about it (`warning_needs_response`). */
export function openDispute(
  world: World,
  charge: Stripe.Charge,
  status: OpenDispute = "needs_response",
): Stripe.Dispute {
  if (charge.disputed) throw invalid(`Charge ${charge.id} is already disputed.`)
  const dispute = world.store.add("dispute", disputeObject(world, charge, status))
  assign(charge, { disputed: true })
  world.emit("charge.dispute.created", dispute)
  if (status === "needs_response") {
    world.emit("charge.dispute.funds_withdrawn", dispute)
    followSetting(world, charge)
  }
  return dispute
}

/** The bank decides. An inquiry closes without a decision (`warning_closed`). */
export function closeDispute(world: World, dispute: Stripe.Dispute, status: ClosedDispute): Stripe.Dispute {
  if (CLOSED.includes(dispute.status)) throw invalid(`This dispute is already closed.`)
  assign(dispute, { status, is_charge_refundable: status === "won" })
  world.emit("charge.dispute.closed", dispute)
  if (status === "won") world.emit("charge.dispute.funds_reinstated", dispute)
  return dispute
}

/** Evidence is handed in. */
export function submitEvidence(
  world: World,
  dispute: Stripe.Dispute,
  evidence: Record<string, string>,
  metadata: Stripe.Metadata,
) {
  if (CLOSED.includes(dispute.status)) throw invalid("This dispute is already closed.")
  const submitted = Object.keys(evidence).length > 0
  const review = dispute.status.startsWith("warning") ? "warning_under_review" : "under_review"
  change(world, "charge.dispute.updated", dispute, {
    evidence: { ...dispute.evidence, ...evidence } as Stripe.Dispute.Evidence,
    metadata: { ...dispute.metadata, ...metadata },
    ...(submitted && {
      status: review,
      evidence_details: { ...dispute.evidence_details, has_evidence: true, submission_count: 1 },
    }),
  })
}

function followSetting(world: World, charge: Stripe.Charge) {
  const subscription = subscriptionOfCharge(world, charge)
  const { cancelOnDispute } = world.settings
  if (!subscription || isOver(subscription) || !cancelOnDispute) return
  if (cancelOnDispute === "at_period_end") {
    scheduleCancellation(world, subscription, { kind: "at_period_end" }, "payment_disputed")
  } else cancelNow(world, subscription, "payment_disputed")
}

function subscriptionOfCharge(world: World, charge: Stripe.Charge): Stripe.Subscription | undefined {
  const joint = world.store
    .all("invoice_payment")
    .find(({ payment }) => payment.payment_intent === charge.payment_intent)
  return joint && subscriptionOf(world, world.store.need("invoice", String(joint.invoice)))
}
