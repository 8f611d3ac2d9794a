import type Stripe from "stripe"
import { type NewRefund, refundObject } from "../objects/refunds-disputes.ts"
import type { Account } from "./account.ts"
import { assign, change } from "./change.ts"
import { HOUR } from "./periods.ts"
import { invalid } from "./refusals.ts"

export type RefundFields = Omit<NewRefund, "amount"> & { amount?: number }

/** Gives back what is left of a charge, or a part of it. The subscription and its invoice stay as they are. */
export function refund(account: Account, { charge, amount, ...rest }: RefundFields): Stripe.Refund {
  const left = charge.amount_captured - charge.amount_refunded
  if (charge.refunded || left === 0) {
    throw invalid(`Charge ${charge.id} has already been refunded.`, undefined, "charge_already_refunded")
  }
  const given = amount ?? left
  if (given > left || given <= 0) {
    throw invalid(`Refund amount (${given}) is greater than unrefunded amount on charge (${left})`, "amount")
  }
  const made = account.store.add("refund", refundObject(account, { ...rest, charge, amount: given }))
  account.emit("refund.created", made)
  change(account, "charge.refunded", charge, {
    amount_refunded: charge.amount_refunded + given,
    refunded: given === left,
  })
  confirm(account, made)
  if (isRefusedByBank(account, charge)) account.tasks.add(account.now() + HOUR, "fail_refund", made)
  return made
}

function isRefusedByBank(account: Account, { payment_method }: Stripe.Charge): boolean {
  return payment_method !== null && account.store.get("card", payment_method)?.card === "refund_fails"
}

/** The bank sends the money back: it is here again, and the charge counts as not refunded. */
export function failRefund(account: Account, id: string) {
  const made = account.store.need("refund", id)
  const charge = account.store.need("charge", String(made.charge))
  assign(charge, { amount_refunded: charge.amount_refunded - made.amount, refunded: false })
  change(account, "refund.failed", made, { status: "failed", failure_reason: "expired_or_canceled_card" })
}

/** The bank's reference number arrives. */
function confirm(account: Account, made: Stripe.Refund) {
  const details = made.destination_details
  change(account, "refund.updated", made, {
    destination_details: {
      ...details,
      card: { ...details?.card, reference: "4242424242424242", reference_status: "available" },
    } as Stripe.Refund.DestinationDetails,
  })
}
