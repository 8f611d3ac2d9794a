/**
 * The cards there are. The names of the payment methods and the numbers are Stripe's own where it has such a
 * card: https://docs.stripe.com/testing
 */
export const CARDS = {
  ok: { title: "Succeeds", last4: "4242", paymentMethod: "pm_card_visa" },
  decline: { title: "Is declined", last4: "0002", paymentMethod: "pm_card_chargeDeclined" },
  insufficient: {
    title: "Attaches, then every charge fails: insufficient funds",
    last4: "0341",
    paymentMethod: "pm_card_chargeCustomerFail",
  },
  authenticate: {
    title: "Needs authentication",
    last4: "3155",
    paymentMethod: "pm_card_authenticationRequiredOnSetup",
  },
  insufficient_on_renewal: {
    title: "Succeeds now, fails at every renewal: insufficient funds",
    last4: "9995",
    paymentMethod: "pm_card_simulated_insufficient_on_renewal",
  },
  authenticate_on_renewal: {
    title: "Succeeds now, needs authentication at every renewal",
    last4: "3184",
    paymentMethod: "pm_card_authenticationRequired",
  },
  refund_fails: {
    title: "Succeeds; a refund fails an hour later",
    last4: "5126",
    paymentMethod: "pm_card_refundFail",
  },
} as const

export type CardKind = keyof typeof CARDS

export const CARD_KINDS = Object.keys(CARDS) as [CardKind, ...CardKind[]]

/** What comes of a charge. */
export type Outcome = "paid" | "card_declined" | "insufficient_funds" | "authentication_required"

/**
 * How a card answers a charge. `present` says that its owner is there and has just typed it in,
 * `authenticated` that its owner has confirmed it.
 */
export function outcomeOf(
  card: CardKind,
  { present, authenticated }: { present: boolean; authenticated: boolean },
): Outcome {
  if (card === "decline") return "card_declined"
  if (card === "insufficient") return "insufficient_funds"
  if (card === "authenticate") return authenticated ? "paid" : "authentication_required"
  if (card === "insufficient_on_renewal") return present ? "paid" : "insufficient_funds"
  if (card === "authenticate_on_renewal") return present ? "paid" : "authentication_required"
  return "paid"
}
