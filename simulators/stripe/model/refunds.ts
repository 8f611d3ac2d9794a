import type Stripe from "stripe"
import { type NewRefund, refundObject } from "../objects/refund.ts"
import { assign, change } from "./change.ts"
import { HOUR } from "./periods.ts"
import { invalid } from "./refusals.ts"
import type { World } from "./world.ts"

export type RefundWish = Omit<NewRefund, "amount"> & { amount?: number }

/** Gives back what is left of a charge, or a part of it. The subscription and its invoice stay as they are. */
export function refund(world: World, { charge, amount, ...rest }: RefundWish): Stripe.Refund {
  const left = charge.amount_captured - charge.amount_refunded
  if (charge.refunded || left === 0) {
    throw invalid(`Charge ${charge.id} has already been refunded.`, undefined, "charge_already_refunded")
  }
  const given = amount ?? left
  if (given > left || given <= 0) {
    throw invalid(`Refund amount (${given}) is greater than unrefunded amount on charge (${left})`, "amount")
  }
  const made = world.store.add("refund", refundObject(world, { ...rest, charge, amount: given }))
  world.emit("refund.created", made)
  change(world, "charge.refunded", charge, {
    amount_refunded: charge.amount_refunded + given,
    refunded: given === left,
  })
  confirm(world, made)
  if (isRefusedByBank(world, charge))
    world.agenda.add({ at: world.now() + HOUR, task: "fail_refund", id: made.id })
  return made
}

function isRefusedByBank(world: World, { payment_method }: Stripe.Charge): boolean {
  return payment_method !== null && world.store.get("card", payment_method)?.card === "refund_fails"
}

/** The bank sends the money back: it is here again, and the charge counts as not refunded. */
export function failRefund(world: World, id: string) {
  const made = world.store.need("refund", id)
  const charge = world.store.need("charge", String(made.charge))
  assign(charge, { amount_refunded: charge.amount_refunded - made.amount, refunded: false })
  change(world, "refund.failed", made, { status: "failed", failure_reason: "expired_or_canceled_card" })
}

/** The bank's reference number arrives. */
function confirm(world: World, made: Stripe.Refund) {
  const details = made.destination_details
  change(world, "refund.updated", made, {
    destination_details: {
      ...details,
      card: { ...details?.card, reference: "4242424242424242", reference_status: "available" },
    } as Stripe.Refund.DestinationDetails,
  })
}
