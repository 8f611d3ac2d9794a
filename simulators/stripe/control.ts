import type Stripe from "stripe"
import { priceOf } from "./api/catalog.ts"
import { sessionOf } from "./api/checkout.ts"
import { invoiceOf } from "./api/invoices.ts"
import { disputeOf } from "./api/money-back.ts"
import { chargeOf } from "./api/payments.ts"
import { subscriptionOfId } from "./api/subscriptions.ts"
import type { Call } from "./calls.ts"
import type { Release } from "./delivery/courier.ts"
import type { Delivery } from "./delivery/log.ts"
import type { DeliveryOptions } from "./delivery/settings.ts"
import type { FaultOptions } from "./faults.ts"
import { cancelNow, scheduleCancellation } from "./model/cancel.ts"
import type { CardKind } from "./model/card-kinds.ts"
import { attachCard, changeCard, createCard } from "./model/cards.ts"
import { type CheckoutResult, expireCheckout, type Payment, payCheckout } from "./model/checkout.ts"
import { isPending, type Late, settleLate } from "./model/checkout-late.ts"
import { createCustomer, customerOf, deleteCustomer } from "./model/customers.ts"
import { type ClosedDispute, closeDispute, openDispute } from "./model/disputes.ts"
import type { WireEvent } from "./model/events.ts"
import { paymentOf } from "./model/invoices.ts"
import { payInvoice } from "./model/pay-invoice.ts"
import { DAY, HOUR } from "./model/periods.ts"
import { refund } from "./model/refunds.ts"
import { invalid, noSuch } from "./model/refusals.ts"
import { advance, runDue } from "./model/run-due.ts"
import { PRO_PRICE } from "./model/seed.ts"
import { Settings } from "./model/settings.ts"
import { subscribe } from "./model/subscribe.ts"
import { type Truth, truthOf } from "./model/truth.ts"
import type { OpenDispute } from "./objects/dispute.ts"
import type { Endpoint, State } from "./state.ts"

export type Advance = { days?: number; hours?: number; seconds?: number }

export type RefundOptions = { charge?: string; subscription?: string; amount?: number }

export type Control = ReturnType<typeof createControl>

/**
 * What tests and the admin routes can do beside the API. All of it is done when it returns; events are then
 * on their way (`settled`). Throws `Refused` for what Stripe would refuse.
 */
export function createControl(state: State) {
  const { world, courier } = state
  return {
    now: (): number => world.now(),
    setEndpoint: (endpoint: Endpoint) => state.setEndpoint(endpoint),
    delivery: (options: DeliveryOptions) => courier.configure(options),
    release: (options?: Release): Promise<void> => courier.release(options),
    settled: (): Promise<void> => courier.settled(),
    deliveries: (): Delivery[] => courier.log.all,
    held: (): WireEvent[] => courier.held,
    events: (): WireEvent[] => world.events.all(),
    calls: (): Call[] => state.calls.all,
    fail: (fault: FaultOptions) => state.faults.add(fault),
    reset: () => state.reset(),
    truth: (customer: string): Truth => truthOf(world, customer),

    /** Delivers an event once more to every endpoint, whatever the mode. Resolves with what came of it. */
    deliver(eventId: string): Promise<Delivery[]> {
      const event = world.events.get(eventId)
      if (!event) throw noSuch("event", eventId)
      return Promise.all(world.store.all("webhook_endpoint").map(({ id }) => courier.deliver(event, id)))
    },

    settings(changes: Partial<Settings>): Settings {
      world.settings = Settings.parse({ ...world.settings, ...changes })
      return world.settings
    },

    /** Moves the clock on and does all that becomes due. Returns the new time, Unix seconds. */
    advance({ days = 0, hours = 0, seconds = 0 }: Advance): number {
      const total = Math.round(days * DAY + hours * HOUR + seconds)
      if (total < 0) throw invalid("Time can't run backwards.")
      advance(world, total)
      return world.now()
    },

    /** The buyer pays. On a session whose payment is pending, `async` settles it. */
    completeCheckout(sessionId: string, payment: Payment = {}): CheckoutResult {
      runDue(world)
      const session = sessionOf(world, sessionId)
      if (!isPending(session) || !isFinal(payment.async)) return payCheckout(world, session, payment)
      settleLate(world, session, payment.async)
      return { status: "complete", session }
    },

    expireCheckout(sessionId: string): Stripe.Checkout.Session {
      return expireCheckout(world, sessionOf(world, sessionId))
    },

    /** As in the portal under flexible billing: only `cancel_at` is set. */
    cancelAtPeriodEnd(subscriptionId: string): Stripe.Subscription {
      const subscription = subscriptionOfId(world, subscriptionId)
      scheduleCancellation(world, subscription, { kind: "at_period_end_flexible" })
      return subscription
    },

    /** Takes a scheduled cancellation back. */
    resume(subscriptionId: string): Stripe.Subscription {
      const subscription = subscriptionOfId(world, subscriptionId)
      scheduleCancellation(world, subscription, { kind: "never" })
      return subscription
    },

    /** Ends it at once. */
    cancelNow(subscriptionId: string): Stripe.Subscription {
      const subscription = subscriptionOfId(world, subscriptionId)
      cancelNow(world, subscription)
      return subscription
    },

    changeCard: (customer: string, card: CardKind): Stripe.PaymentMethod => changeCard(world, customer, card),
    deleteCustomer: (customer: string): Stripe.DeletedCustomer => deleteCustomer(world, customer),

    createCustomer: (
      fields: { email?: string; name?: string; metadata?: Stripe.Metadata } = {},
    ): Stripe.Customer => createCustomer(world, fields),

    /** A subscription past Checkout, on a new card. It stays `incomplete` if that card isn't good. */
    createSubscription(
      customerId: string,
      {
        price = PRO_PRICE,
        card = "ok",
        metadata,
      }: { price?: string; card?: CardKind; metadata?: Stripe.Metadata } = {},
    ): Stripe.Subscription {
      const customer = customerOf(world, customerId)
      const method = createCard(world, card, customer)
      attachCard(world, method, customer)
      return subscribe(world, { customer, price: priceOf(world, price), paymentMethod: method.id, metadata })
    },

    /** The customer pays an invoice by hand, by other means (`outOfBand`), or with a new card. */
    payInvoice(
      invoiceId: string,
      { outOfBand, card }: { outOfBand?: boolean; card?: CardKind } = {},
    ): Stripe.Invoice {
      const invoice = invoiceOf(world, invoiceId)
      const paymentMethod = card && createCard(world, card)
      return payInvoice(world, invoice, { outOfBand, paymentMethod, present: true })
    },

    /** Gives money back: of a charge, or of a subscription's last charge. */
    refund: ({ amount, ...of }: RefundOptions): Stripe.Refund =>
      refund(world, { charge: chargeFor(state, of), amount }),

    /** The bank disputes a charge, or a subscription's last one. */
    dispute(target: string, { status }: { status?: OpenDispute } = {}): Stripe.Dispute {
      const of = target.startsWith("sub_") ? { subscription: target } : { charge: target }
      return openDispute(world, chargeFor(state, of), status)
    },

    closeDispute: (id: string, status: ClosedDispute): Stripe.Dispute =>
      closeDispute(world, disputeOf(world, id), status),
  }
}

function isFinal(late: Late | undefined): late is "succeed" | "fail" {
  return late === "succeed" || late === "fail"
}

function chargeFor(
  { world }: State,
  { charge, subscription }: { charge?: string; subscription?: string },
): Stripe.Charge {
  if (charge) return chargeOf(world, charge)
  if (!subscription) throw invalid("Give a charge or a subscription.")
  const paid = world.store
    .all("invoice")
    .findLast(
      (each) => each.parent?.subscription_details?.subscription === subscription && each.status === "paid",
    )
  const latest = paid && paymentOf(world, paid)?.intent.latest_charge
  if (!latest) throw invalid(`The subscription ${subscription} has no payment.`)
  return chargeOf(world, String(latest))
}
