import type Stripe from "stripe"
import { priceOf } from "./api/catalog.ts"
import { sessionOf } from "./api/checkout.ts"
import { invoiceOf } from "./api/invoices.ts"
import { chargeOf } from "./api/payments.ts"
import { disputeOf } from "./api/refunds-disputes.ts"
import { subscriptionOfId } from "./api/subscriptions.ts"
import type { Call } from "./calls.ts"
import type { Delivery } from "./delivery/log.ts"
import type { DeliveryOptions } from "./delivery/settings.ts"
import type { Release } from "./delivery/webhook-sender.ts"
import type { FaultOptions } from "./injected-faults.ts"
import { cancelNow, scheduleCancellation } from "./model/cancel.ts"
import type { CardKind } from "./model/card-kinds.ts"
import { attachCard, changeCard, createCard } from "./model/cards.ts"
import { type CheckoutResult, expireCheckout, type Payment, payCheckout } from "./model/checkout.ts"
import { isPending, type Late, settleLate } from "./model/checkout-late.ts"
import { createCustomer, customerOf, deleteCustomer } from "./model/customers.ts"
import { type ClosedDispute, closeDispute, openDispute } from "./model/disputes.ts"
import type { WireEvent } from "./model/events.ts"
import { paymentOf } from "./model/invoices.ts"
import { type Oracle, oracleOf } from "./model/oracle.ts"
import { payInvoice } from "./model/pay-invoice.ts"
import { DAY, HOUR } from "./model/periods.ts"
import { refund } from "./model/refunds.ts"
import { invalid, noSuch } from "./model/refusals.ts"
import { advance, runDue } from "./model/run-due.ts"
import { PRO_PRICE } from "./model/seed.ts"
import { Settings } from "./model/settings.ts"
import { subscribe } from "./model/subscribe.ts"
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
  const { account, webhookSender } = state
  return {
    now: (): number => account.now(),
    setEndpoint: (endpoint: Endpoint) => state.setEndpoint(endpoint),
    delivery: (options: DeliveryOptions) => webhookSender.configure(options),
    release: (options?: Release): Promise<void> => webhookSender.release(options),
    settled: (): Promise<void> => webhookSender.settled(),
    deliveries: (): Delivery[] => webhookSender.log.all,
    held: (): WireEvent[] => webhookSender.held,
    events: (): WireEvent[] => account.events.all(),
    calls: (): Call[] => state.calls.all,
    fail: (fault: FaultOptions) => state.faults.add(fault),
    reset: () => state.reset(),
    oracle: (customer: string): Oracle => oracleOf(account, customer),

    /** Delivers an event once more to every endpoint, whatever the mode. Resolves with what came of it. */
    deliver(eventId: string): Promise<Delivery[]> {
      const event = account.events.get(eventId)
      if (!event) throw noSuch("event", eventId)
      return Promise.all(
        account.store.all("webhook_endpoint").map(({ id }) => webhookSender.deliver(event, id)),
      )
    },

    settings(changes: Partial<Settings>): Settings {
      account.settings = Settings.parse({ ...account.settings, ...changes })
      return account.settings
    },

    /** Moves the clock on and does all that becomes due. Returns the new time, Unix seconds. */
    advance({ days = 0, hours = 0, seconds = 0 }: Advance): number {
      const total = Math.round(days * DAY + hours * HOUR + seconds)
      if (total < 0) throw invalid("Time can't run backwards.")
      advance(account, total)
      return account.now()
    },

    /** The buyer pays. On a session whose payment is pending, `async` settles it. */
    completeCheckout(sessionId: string, payment: Payment = {}): CheckoutResult {
      runDue(account)
      const session = sessionOf(account, sessionId)
      if (!isPending(session) || !isFinal(payment.async)) return payCheckout(account, session, payment)
      settleLate(account, session, payment.async)
      return { status: "complete", session }
    },

    expireCheckout(sessionId: string): Stripe.Checkout.Session {
      return expireCheckout(account, sessionOf(account, sessionId))
    },

    /** As in the portal under flexible billing: only `cancel_at` is set. */
    cancelAtPeriodEnd(subscriptionId: string): Stripe.Subscription {
      const subscription = subscriptionOfId(account, subscriptionId)
      scheduleCancellation(account, subscription, { kind: "at_period_end_flexible" })
      return subscription
    },

    /** Takes a scheduled cancellation back. */
    resume(subscriptionId: string): Stripe.Subscription {
      const subscription = subscriptionOfId(account, subscriptionId)
      scheduleCancellation(account, subscription, { kind: "never" })
      return subscription
    },

    /** Ends it at once. */
    cancelNow(subscriptionId: string): Stripe.Subscription {
      const subscription = subscriptionOfId(account, subscriptionId)
      cancelNow(account, subscription)
      return subscription
    },

    changeCard: (customer: string, card: CardKind): Stripe.PaymentMethod =>
      changeCard(account, customer, card),
    deleteCustomer: (customer: string): Stripe.DeletedCustomer => deleteCustomer(account, customer),

    createCustomer: (
      fields: { email?: string; name?: string; metadata?: Stripe.Metadata } = {},
    ): Stripe.Customer => createCustomer(account, fields),

    /** A subscription past Checkout, on a new card. It stays `incomplete` if that card isn't good. */
    createSubscription(
      customerId: string,
      {
        price = PRO_PRICE,
        card = "ok",
        metadata,
      }: { price?: string; card?: CardKind; metadata?: Stripe.Metadata } = {},
    ): Stripe.Subscription {
      const customer = customerOf(account, customerId)
      const method = createCard(account, card, customer)
      attachCard(account, method, customer)
      return subscribe(account, {
        customer,
        price: priceOf(account, price),
        paymentMethod: method.id,
        metadata,
      })
    },

    /** The customer pays an invoice by hand, by other means (`outOfBand`), or with a new card. */
    payInvoice(
      invoiceId: string,
      { outOfBand, card }: { outOfBand?: boolean; card?: CardKind } = {},
    ): Stripe.Invoice {
      const invoice = invoiceOf(account, invoiceId)
      const paymentMethod = card && createCard(account, card)
      return payInvoice(account, invoice, { outOfBand, paymentMethod, present: true })
    },

    /** Gives money back: of a charge, or of a subscription's last charge. */
    refund: ({ amount, ...of }: RefundOptions): Stripe.Refund =>
      refund(account, { charge: chargeFor(state, of), amount }),

    /** The bank disputes a charge, or a subscription's last one. */
    dispute(target: string, { status }: { status?: OpenDispute } = {}): Stripe.Dispute {
      const of = target.startsWith("sub_") ? { subscription: target } : { charge: target }
      return openDispute(account, chargeFor(state, of), status)
    },

    closeDispute: (id: string, status: ClosedDispute): Stripe.Dispute =>
      closeDispute(account, disputeOf(account, id), status),
  }
}

function isFinal(late: Late | undefined): late is "succeed" | "fail" {
  return late === "succeed" || late === "fail"
}

function chargeFor(
  { account }: State,
  { charge, subscription }: { charge?: string; subscription?: string },
): Stripe.Charge {
  if (charge) return chargeOf(account, charge)
  if (!subscription) throw invalid("Give a charge or a subscription.")
  const paid = account.store
    .all("invoice")
    .findLast(
      (each) => each.parent?.subscription_details?.subscription === subscription && each.status === "paid",
    )
  const latest = paid && paymentOf(account, paid)?.intent.latest_charge
  if (!latest) throw invalid(`The subscription ${subscription} has no payment.`)
  return chargeOf(account, String(latest))
}
