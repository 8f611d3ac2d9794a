import type Stripe from "stripe"
import { type NewRefund, refundObject } from "../objects/refund.ts"
import { change } from "./change.ts"
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
  return made
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
