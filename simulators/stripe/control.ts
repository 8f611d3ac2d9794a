import type Stripe from "stripe"
import { z } from "zod"
import type { Delivery } from "./delivery/send.ts"
import type { DeliveryOptions } from "./delivery/settings.ts"
import type { FaultOptions } from "./injected-faults.ts"
import { cancelNow, scheduleCancellation } from "./model/cancel.ts"
import { CARD_KINDS, type CardKind } from "./model/card-kinds.ts"
import { attachCard, changeCard, createCard } from "./model/cards.ts"
import { type CheckoutResult, expireCheckout, type Payment, payCheckout } from "./model/checkout.ts"
import { isPending, settleLate } from "./model/checkout-late.ts"
import { createCustomer, deleteCustomer } from "./model/customers.ts"
import { ClosedDispute, closeDispute, OpenDispute, openDispute } from "./model/disputes.ts"
import type { WireEvent } from "./model/events.ts"
import { invoicesOf, paymentOf } from "./model/invoices.ts"
import { type Oracle, oracleOf } from "./model/oracle.ts"
import { payInvoice } from "./model/pay-invoice.ts"
import { DAY, HOUR } from "./model/periods.ts"
import { refund } from "./model/refunds.ts"
import { invalid, noSuch } from "./model/refusals.ts"
import { advance, runDue } from "./model/run-due.ts"
import { PRO_PRICE } from "./model/seed.ts"
import { Settings } from "./model/settings.ts"
import { subscribe } from "./model/subscribe.ts"
import { periodEnd } from "./model/subscriptions.ts"
import { switchPlan } from "./model/switch-plan.ts"
import type { ApiCall, State } from "./state.ts"

const Card = z.enum(CARD_KINDS)
export const Endpoint = z.strictObject({ url: z.url(), secret: z.string().min(1) })
export const Advance = z.strictObject({ days: z.number(), hours: z.number(), seconds: z.number() }).partial()
export const Release = z
  .strictObject({
    shuffle: z.boolean(),
    duplicates: z.int().min(0).max(20),
    drop: z.number().min(0).max(1),
  })
  .partial()
export const ChangeCard = z.strictObject({ card: Card })
export const NewSubscription = z
  .strictObject({ price: z.string(), card: Card, metadata: z.record(z.string(), z.string()) })
  .partial()
export const NewPlan = z.strictObject({ price: z.string() })
export const InvoicePayment = z.strictObject({ outOfBand: z.boolean(), card: Card }).partial()
export const NewRefund = z
  .strictObject({ charge: z.string(), subscription: z.string(), amount: z.int().min(1) })
  .partial()
export const NewDispute = z.strictObject({ target: z.string(), status: OpenDispute.optional() })
export const CloseDispute = z.strictObject({ status: ClosedDispute })

export type Control = ReturnType<typeof createControl>

/**
 * What tests and the admin routes can do beside the API. All of it is done when it returns; events are then
 * in flight (`settled`). Throws `Refused` for what Stripe would refuse.
 */
export function createControl(state: State) {
  const { account, webhookSender } = state
  const { store } = account

  function chargeOf({ charge, subscription }: { charge?: string; subscription?: string }): Stripe.Charge {
    if (charge) return store.lookUp("charge", charge)
    if (!subscription) throw invalid("Give a charge or a subscription.")
    const paid = invoicesOf(account, subscription).findLast(({ status }) => status === "paid")
    const latest = paid && paymentOf(account, paid)?.intent.latest_charge
    if (!latest) throw invalid(`The subscription ${subscription} has no payment.`)
    return store.lookUp("charge", String(latest))
  }

  return {
    now: (): number => account.now(),
    setEndpoint: (endpoint: z.infer<typeof Endpoint>) => state.setEndpoint(endpoint),
    delivery: (options: DeliveryOptions) => webhookSender.configure(options),
    release: (options?: z.infer<typeof Release>): Promise<void> => webhookSender.release(options),
    settled: (): Promise<void> => webhookSender.settled(),
    deliveries: (): Delivery[] => webhookSender.log.all,
    held: (): WireEvent[] => webhookSender.held,
    events: (): WireEvent[] => account.events.all(),
    calls: (): ApiCall[] => state.calls.all,
    fail: (fault: FaultOptions) => state.faults.add(fault),
    reset: () => state.reset(),
    oracle: (customer: string): Oracle => oracleOf(account, customer),

    /** Delivers an event once more to every endpoint, whatever the mode. Resolves with what came of it. */
    deliver(eventId: string): Promise<Delivery[]> {
      const event = account.events.get(eventId)
      if (!event) throw noSuch("event", eventId)
      return Promise.all(store.all("webhook_endpoint").map(({ id }) => webhookSender.deliver(event, id)))
    },

    settings(changes: Partial<Settings>): Settings {
      account.settings = Settings.parse({ ...account.settings, ...changes })
      return account.settings
    },

    /** Moves the clock on and does all that becomes due. Returns the new time, Unix seconds. */
    advance({ days = 0, hours = 0, seconds = 0 }: z.infer<typeof Advance>): number {
      const total = Math.round(days * DAY + hours * HOUR + seconds)
      if (total < 0) throw invalid("Time can't run backwards.")
      advance(account, total)
      return account.now()
    },

    /** The buyer pays. On a session whose payment is pending, `async` settles it. */
    completeCheckout(sessionId: string, payment: Payment = {}): CheckoutResult {
      runDue(account)
      const session = store.lookUp("session", sessionId)
      const { async: outcome } = payment
      if (!isPending(session) || !outcome || outcome === "pending")
        return payCheckout(account, session, payment)
      settleLate(account, session, outcome)
      return { status: "complete", session }
    },

    expireCheckout: (sessionId: string) => expireCheckout(account, store.lookUp("session", sessionId)),

    /** As in the portal under flexible billing: only `cancel_at` is set. */
    cancelAtPeriodEnd(subscriptionId: string) {
      const subscription = store.lookUp("subscription", subscriptionId)
      return scheduleCancellation(account, subscription, { at: periodEnd(subscription) })
    },

    /** Takes a scheduled cancellation back. */
    resume: (subscription: string) =>
      scheduleCancellation(account, store.lookUp("subscription", subscription), { at: null }),

    /** As in the portal: another price, charged at once less what is unused of the old one. */
    switchPlan(subscriptionId: string, price: string): Stripe.Subscription {
      const subscription = store.lookUp("subscription", subscriptionId)
      switchPlan(account, subscription, store.lookUp("price", price, "price"))
      return subscription
    },

    /** Ends a subscription at once. */
    cancelNow: (subscription: string) => cancelNow(account, store.lookUp("subscription", subscription)),

    changeCard: (customer: string, card: CardKind) => changeCard(account, customer, card),
    deleteCustomer: (customer: string) => deleteCustomer(account, customer),
    createCustomer: (fields: Partial<Stripe.Customer> = {}) => createCustomer(account, fields),

    /** Makes a subscription without Checkout, on a new card. It stays `incomplete` if that card isn't good. */
    createSubscription(
      customerId: string,
      { price = PRO_PRICE, card = "ok", metadata }: z.infer<typeof NewSubscription> = {},
    ): Stripe.Subscription {
      const customer = store.lookUp("customer", customerId)
      const method = createCard(account, card, customer)
      attachCard(account, method, customer)
      const fields = { customer, price: store.lookUp("price", price), paymentMethod: method.id, metadata }
      return subscribe(account, fields)
    },

    /** The customer pays an invoice by hand, by other means (`outOfBand`), or with a new card. */
    payInvoice(invoiceId: string, { outOfBand, card }: z.infer<typeof InvoicePayment> = {}): Stripe.Invoice {
      const invoice = store.lookUp("invoice", invoiceId)
      const paymentMethod = card && createCard(account, card)
      return payInvoice(account, invoice, { outOfBand, paymentMethod, present: true })
    },

    /** Refunds a charge, or a subscription's last charge. */
    refund: ({ amount, ...of }: z.infer<typeof NewRefund>): Stripe.Refund =>
      refund(account, { charge: chargeOf(of), amount }),

    /** The bank disputes a charge, or a subscription's last one. */
    dispute(target: string, { status }: { status?: OpenDispute } = {}): Stripe.Dispute {
      const of = target.startsWith("sub_") ? { subscription: target } : { charge: target }
      return openDispute(account, chargeOf(of), status)
    },

    closeDispute: (id: string, status: ClosedDispute) =>
      closeDispute(account, store.lookUp("dispute", id), status),
  }
}
