import type Stripe from "stripe"
import { chargeObject } from "../objects/payments.ts"
import type { Account } from "./account.ts"
import { type Outcome, outcomeOf } from "./card-kinds.ts"
import { assign } from "./change.ts"
import { type Decline, declined } from "./refusals.ts"

/**
 * Tries to take the money of a payment with its payment method, and returns how it went. `present`: the owner of the
 * card is there, so that authentication can be asked for and given.
 */
export function attemptPayment(account: Account, intent: Stripe.PaymentIntent, present: boolean): Outcome {
  const record = account.store.get("card", String(intent.payment_method))
  const outcome = record ? outcomeOf(record.card, { ...record, present }) : "card_declined"
  if (outcome === "paid") succeed(account, intent)
  else if (outcome === "authentication_required") askForAction(account, intent)
  else fail(account, intent, outcome)
  return outcome
}

/** Takes the money of a payment whose owner has confirmed it, or that clears days later. */
export function succeed(account: Account, intent: Stripe.PaymentIntent) {
  const charge = account.store.add("charge", chargeObject(account, intent, methodOf(account, intent), null))
  assign(intent, {
    amount_received: intent.amount,
    last_payment_error: null,
    latest_charge: charge.id,
    next_action: null,
    status: "succeeded",
  })
  account.emit("payment_intent.succeeded", intent)
  account.emit("charge.succeeded", charge)
}

/** Records that a payment was declined. */
export function fail(account: Account, intent: Stripe.PaymentIntent, decline: Decline) {
  const method = methodOf(account, intent)
  const { code = "card_declined", decline_code = "", message } = declined(decline).body
  const failure = { code, declineCode: decline_code, message }
  const charge = account.store.add("charge", chargeObject(account, intent, method, failure))
  assign(intent, {
    last_payment_error: {
      advice_code: "try_again_later",
      charge: charge.id,
      code,
      decline_code,
      doc_url: "https://stripe.com/docs/error-codes/card-declined",
      message,
      network_decline_code: "01",
      payment_method: method,
      type: "card_error",
    } as Stripe.PaymentIntent.LastPaymentError,
    latest_charge: charge.id,
    status: "requires_payment_method",
  })
  account.emit("charge.failed", charge)
  account.emit("payment_intent.payment_failed", intent)
}

function methodOf({ store }: Account, intent: Stripe.PaymentIntent) {
  return store.get("payment_method", String(intent.payment_method))
}

function askForAction(account: Account, intent: Stripe.PaymentIntent) {
  assign(intent, { next_action: { type: "use_stripe_sdk", use_stripe_sdk: {} }, status: "requires_action" })
  account.emit("payment_intent.requires_action", intent)
}
