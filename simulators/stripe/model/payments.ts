import type Stripe from "stripe"
import { chargeObject, type Failure } from "../objects/charge.ts"
import { type Outcome, outcomeOf } from "./card-kinds.ts"
import { assign } from "./change.ts"
import { type Decline, declined } from "./refusals.ts"
import type { World } from "./world.ts"

export type Attempt = {
  /** The owner of the card is there, so that authentication can be asked for and given. */
  present: boolean
}

/** Tries to take the money of a payment with its payment method, and tells how it went. */
export function attemptPayment(world: World, intent: Stripe.PaymentIntent, { present }: Attempt): Outcome {
  const method = world.store.get("payment_method", String(intent.payment_method))
  const outcome = method ? expected(world, method, present) : "card_declined"
  if (outcome === "paid") succeed(world, intent, method)
  else if (outcome === "authentication_required") askForAction(world, intent)
  else fail(world, intent, method, outcome)
  return outcome
}

/** Takes the money of a payment whose owner has confirmed it, or that clears days later. */
export function succeed(world: World, intent: Stripe.PaymentIntent, method?: Stripe.PaymentMethod) {
  const charge = world.store.add("charge", chargeObject(world, intent, method, null))
  assign(intent, {
    amount_received: intent.amount,
    last_payment_error: null,
    latest_charge: charge.id,
    next_action: null,
    status: "succeeded",
  })
  const record = method && world.store.get("card", method.id)
  if (record) record.charged += 1
  world.emit("payment_intent.succeeded", intent)
  world.emit("charge.succeeded", charge)
}

/** Notes that a payment was refused. */
export function fail(
  world: World,
  intent: Stripe.PaymentIntent,
  method: Stripe.PaymentMethod | undefined,
  decline: Decline,
) {
  const failure = failureOf(decline)
  const charge = world.store.add("charge", chargeObject(world, intent, method, failure))
  assign(intent, {
    last_payment_error: lastError(failure, charge, method),
    latest_charge: charge.id,
    status: "requires_payment_method",
  })
  world.emit("charge.failed", charge)
  world.emit("payment_intent.payment_failed", intent)
}

function expected(world: World, method: Stripe.PaymentMethod, present: boolean): Outcome {
  const record = world.store.need("card", method.id)
  return outcomeOf(record.card, { present, authenticated: record.authenticated })
}

function askForAction(world: World, intent: Stripe.PaymentIntent) {
  assign(intent, {
    next_action: {
      type: "use_stripe_sdk",
      use_stripe_sdk: {} as Stripe.PaymentIntent.NextAction.UseStripeSdk,
    },
    status: "requires_action",
  })
  world.emit("payment_intent.requires_action", intent)
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
