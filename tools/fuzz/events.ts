import fc from "fast-check"
import { signatureOf } from "../../simulators/stripe/delivery/signature.ts"
import { TIMING } from "../../src/config/timing.ts"
import { HANDLED_EVENTS } from "../../src/services/billing/event-types.ts"
import { MINUTE, SECOND } from "../../src/utils/time.ts"

/** By whom an event is signed, and when. Only `good` is to be taken. */
export type Signature = "good" | "stale" | "forged"

/** Older ones are refused (https://docs.stripe.com/webhooks#replay-attacks). */
const STALE_MS = TIMING.billing.signatureToleranceMs + MINUTE

/** Events in Stripe's envelope, which the document leaves to Stripe. So few ids that some come twice. */
export const stripeEvents: fc.Arbitrary<unknown> = fc
  .record({
    number: fc.nat({ max: 2_000 }),
    type: fc.constantFrom(...HANDLED_EVENTS, "customer.created", "payout.paid", "v2.core.event"),
    created: fc.integer({ min: 1_700_000_000, max: 1_800_000_000 }),
    customer: fc.constantFrom(null, "cus_nobody", { id: "cus_nobody", object: "customer" }),
    object: fc.constantFrom("subscription", "invoice", "checkout.session", "customer", "charge"),
  })
  .map(({ number, type, created, customer, object }) => ({
    id: `evt_fuzz_${number}`,
    object: "event",
    type,
    created,
    livemode: false,
    data: { object: { id: `obj_${number}`, object, customer } },
  }))

/** The value of `Stripe-Signature` for `body`. */
export function sign(body: string, secret: string, signature: Signature): string {
  const at = Date.now() - (signature === "stale" ? STALE_MS : 0)
  return signatureOf(body, signature === "forged" ? `${secret}x` : secret, Math.floor(at / SECOND))
}
