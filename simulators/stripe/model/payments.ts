import type Stripe from "stripe"
import { chargeObject, type Failure } from "../objects/charge.ts"
import type { Account } from "./account.ts"
import { type Outcome, outcomeOf } from "./card-kinds.ts"
import { assign } from "./change.ts"
import { type Decline, declined } from "./refusals.ts"

export type Attempt = {
  /** The owner of the card is there, so that authentication can be asked for and given. */
  present: boolean
}

/** Tries to take the money of a payment with its payment method, and tells how it went. */
export function attemptPayment(
  account: Account,
  intent: Stripe.PaymentIntent,
  { present }: Attempt,
): Outcome {
  const method = account.store.get("payment_method", String(intent.payment_method))
  const outcome = method ? expected(account, method, present) : "card_declined"
  if (outcome === "paid") succeed(account, intent, method)
  else if (outcome === "authentication_required") askForAction(account, intent)
  else fail(account, intent, method, outcome)
  return outcome
}

/** Takes the money of a payment whose owner has confirmed it, or that clears days later. */
export function succeed(account: Account, intent: Stripe.PaymentIntent, method?: Stripe.PaymentMethod) {
  const charge = account.store.add("charge", chargeObject(account, intent, method, null))
  assign(intent, {
    amount_received: intent.amount,
    last_payment_error: null,
    latest_charge: charge.id,
    next_action: null,
    status: "succeeded",
  })
  const record = method && account.store.get("card", method.id)
  if (record) record.charged += 1
  account.emit("payment_intent.succeeded", intent)
  account.emit("charge.succeeded", charge)
}

/** Notes that a payment was refused. */
export function fail(
  account: Account,
  intent: Stripe.PaymentIntent,
  method: Stripe.PaymentMethod | undefined,
  decline: Decline,
) {
  const failure = failureOf(decline)
  const charge = account.store.add("charge", chargeObject(account, intent, method, failure))
  assign(intent, {
    last_payment_error: lastError(failure, charge, method),
    latest_charge: charge.id,
    status: "requires_payment_method",
  })
  account.emit("charge.failed", charge)
  account.emit("payment_intent.payment_failed", intent)
}

function expected(account: Account, method: Stripe.PaymentMethod, present: boolean): Outcome {
  const record = account.store.need("card", method.id)
  return outcomeOf(record.card, { present, authenticated: record.authenticated })
}

function askForAction(account: Account, intent: Stripe.PaymentIntent) {
  assign(intent, {
    next_action: {
      type: "use_stripe_sdk",
      use_stripe_sdk: {} as Stripe.PaymentIntent.NextAction.UseStripeSdk,
    },
    status: "requires_action",
  })
  account.emit("payment_intent.requires_action", intent)
}

function failureOf(decline: Decline): Failure {
  const { body } = declined(decline)
  return { code: body.code ?? "card_declined", declineCode: body.decline_code ?? "", message: body.message }
}

function lastError(failure: Failure, charge: Stripe.Charge, method: Stripe.PaymentMethod | undefined) {
  return {
    advice_code: "try_again_later",
    charge: charge.id,
    code: failure.code,
    decline_code: failure.declineCode,
    doc_url: "https://stripe.com/docs/error-codes/card-declined",
    message: failure.message,
    network_decline_code: "01",
    payment_method: method,
    type: "card_error",
  } as Stripe.PaymentIntent.LastPaymentError
}
