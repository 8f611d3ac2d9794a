import type Stripe from "stripe"
import { describe, expect, test } from "vitest"
import type { CardKind } from "../../simulators/stripe/server.ts"
import { START, useStripe } from "./stripe-kit.ts"

const kit = await useStripe()
const { simulator, stripe, openCheckout, newEvents, newTypes, openInvoice } = kit
const { subscriptions, invoices, charges, customers } = stripe
const { sessions } = stripe.checkout

/** The end of the first period of a month. */
const END = Date.UTC(2026, 1, 28, 10) / 1000
const SECOND_END = Date.UTC(2026, 2, 31, 10) / 1000
const DAY = 86_400

/** Event types as they stand in a text. */
function types(text: string): string[] {
  return text.trim().split(/\s+/)
}

async function subscriber(card?: CardKind) {
  const made = await kit.subscriber(card)
  newEvents()
  return made
}

const PAID = types("invoice.paid invoice.payment_succeeded invoice_payment.paid")
const RENEWAL = types("invoice.created customer.subscription.updated")
const FINALIZED = types("invoice.finalized payment_intent.created")
const FAILED_TRY = types("charge.failed payment_intent.payment_failed invoice.payment_failed invoice.updated")

describe("Checkout", () => {
  test("of somebody new makes a customer", async () => {
    const session = await openCheckout({ customer_email: "new@example.test", client_reference_id: "u1" })
    simulator.completeCheckout(session.id)
    const events = newEvents()
    const first = types(`
      charge.succeeded payment_method.attached customer.created customer.updated checkout.session.completed
      customer.subscription.created payment_intent.created payment_intent.succeeded
      invoice.created invoice.finalized`)
    expect(events.map(({ type }) => type)).toEqual([...first, ...PAID])
    const objectOf = (type: string) => events.find((event) => event.type === type)?.data.object
    const completed = objectOf("checkout.session.completed")
    expect(completed).toMatchObject({ status: "complete", payment_status: "paid", client_reference_id: "u1" })
    const subscription = completed?.subscription
    expect(objectOf("customer.subscription.created")).toMatchObject({ id: subscription, status: "active" })
    expect(objectOf("invoice.created")).toMatchObject({ status: "draft" })
    expect(objectOf("invoice.finalized")).toMatchObject({ status: "open" })
    expect(objectOf("invoice.paid")).toMatchObject({
      status: "paid",
      billing_reason: "subscription_create",
      parent: { subscription_details: { subscription } },
    })
  })

  test("of somebody known makes no customer", async () => {
    await kit.subscriber()
    const known = types(`
      customer.created charge.succeeded payment_method.attached customer.updated checkout.session.completed
      customer.subscription.created payment_intent.succeeded payment_intent.created
      invoice.created invoice.finalized`)
    expect(newTypes()).toEqual([...known, ...PAID])
  })

  test("stays open when the card is declined or must be confirmed", async () => {
    const { id } = await openCheckout()
    expect(simulator.completeCheckout(id, { card: "decline" }).status).toBe("declined")
    expect(newTypes()).toEqual(["charge.failed", "payment_intent.payment_failed"])
    expect(simulator.completeCheckout(id, { card: "authenticate" }).status).toBe("requires_action")
    expect(await sessions.retrieve(id)).toMatchObject({ status: "open", subscription: null })
    const confirmed = simulator.completeCheckout(id, { card: "authenticate", authenticated: true })
    expect(confirmed.status).toBe("complete")
  })

  test.each([
    ["succeed", "active", "paid", "checkout.session.async_payment_succeeded"],
    ["fail", "incomplete", "unpaid", "checkout.session.async_payment_failed"],
  ] as const)("with a payment that clears late can %s", async (async, status, payment_status, last) => {
    const { id } = await openCheckout()
    const retrieved = () => sessions.retrieve(id, { expand: ["subscription"] })
    simulator.completeCheckout(id, { async })
    const subscription = { status: "incomplete" }
    expect(await retrieved()).toMatchObject({ status: "complete", payment_status: "unpaid", subscription })
    expect(newTypes()).not.toContain("invoice.paid")
    simulator.completeCheckout(id, { async })
    expect(newTypes().at(-1)).toBe(last)
    expect(await retrieved()).toMatchObject({ payment_status, subscription: { status } })
  })

  test.each([
    ["succeed", "active", "paid"],
    ["fail", "incomplete_expired", "void"],
  ] as const)("waits three days for a payment that will %s", async (async, status, invoice) => {
    const { id } = await openCheckout()
    simulator.completeCheckout(id, { async })
    simulator.advance({ days: 2 })
    expect((await subscriptions.list()).data[0]?.status).toBe("incomplete")
    simulator.advance({ days: 1 })
    const session = await sessions.retrieve(id, { expand: ["subscription", "invoice"] })
    expect(session).toMatchObject({ subscription: { status }, invoice: { status: invoice } })
  })

  test("expires when nobody pays", async () => {
    const { id } = await openCheckout()
    simulator.advance({ hours: 24 })
    expect(newTypes()).toEqual(["checkout.session.expired"])
    expect(await sessions.retrieve(id)).toMatchObject({ status: "expired", url: null })
    expect(() => simulator.completeCheckout(id)).toThrow("expired")
  })
})

test("a renewal moves the period an hour before it is paid", async () => {
  const { subscription } = await subscriber()
  simulator.advance({ days: 28 })
  expect(newTypes()).toEqual(RENEWAL)
  const { items } = await subscriptions.retrieve(subscription)
  expect(items.data[0]).toMatchObject({ current_period_start: END, current_period_end: SECOND_END })
  simulator.advance({ hours: 1 })
  const events = newEvents()
  const charged = types("charge.succeeded payment_intent.succeeded invoice.updated")
  expect(events.map(({ type }) => type)).toEqual([...FINALIZED, ...charged, ...PAID])
  const paid = events.find(({ type }) => type === "invoice.paid")?.data.object as unknown as Stripe.Invoice
  expect(paid).toMatchObject({ period_start: START, period_end: END })
  expect(paid.lines.data[0]?.period).toEqual({ start: END, end: SECOND_END })
})

describe("a renewal that fails", () => {
  async function failing(dunning: "cancel" | "unpaid" | "past_due") {
    simulator.settings({ dunning, retryDays: [3, 5] })
    const subscribed = await subscriber("insufficient_on_renewal")
    simulator.advance({ days: 28, hours: 1 })
    return subscribed
  }

  test("makes the subscription past due and is tried again", async () => {
    const { subscription } = await failing("cancel")
    const events = newEvents()
    expect(events.map(({ type }) => type)).toEqual([
      ...RENEWAL,
      ...FINALIZED,
      ...FAILED_TRY,
      "customer.subscription.updated",
    ])
    const pastDue = { object: { status: "past_due" }, previous_attributes: { status: "active" } }
    expect(events.at(-1)?.data).toMatchObject(pastDue)
    const next_payment_attempt = Date.UTC(2026, 2, 3, 11) / 1000
    const invoice = await invoices.retrieve(await openInvoice(subscription))
    expect(invoice).toMatchObject({ attempt_count: 1, next_payment_attempt, attempted: true })
  })

  test.each([
    ["cancel", ["customer.subscription.deleted"], "canceled", "payment_failed"],
    ["unpaid", ["customer.subscription.updated"], "unpaid", null],
    ["past_due", [], "past_due", null],
  ] as const)("ends by %s", async (dunning, ending, status, reason) => {
    const { subscription } = await failing(dunning)
    newEvents()
    simulator.advance({ days: 8 })
    expect(newTypes()).toEqual([...FAILED_TRY, ...FAILED_TRY, ...ending])
    const ended = { status, cancellation_details: { reason } }
    expect(await subscriptions.retrieve(subscription)).toMatchObject(ended)
    const last = { status: "open", attempt_count: 3, next_payment_attempt: null }
    expect((await invoices.list({ subscription, limit: 1 })).data).toMatchObject([last])
  })

  test("of an unpaid subscription leaves later invoices as drafts", async () => {
    const { subscription } = await failing("unpaid")
    simulator.advance({ days: 35 })
    const statuses = (await invoices.list({ subscription })).data.map(({ status }) => status)
    expect(statuses).toEqual(["draft", "open", "paid"])
  })

  test("recovers with another card", async () => {
    const { subscription, customer } = await failing("cancel")
    simulator.changeCard(customer, "ok")
    newEvents()
    simulator.advance({ days: 3 })
    const charged = types("payment_intent.succeeded charge.succeeded invoice.updated")
    expect(newTypes()).toEqual([...charged, ...PAID, "customer.subscription.updated"])
    expect((await subscriptions.retrieve(subscription)).status).toBe("active")
  })

  test("because the card must be confirmed waits for its owner", async () => {
    const { subscription } = await subscriber("authenticate_on_renewal")
    simulator.advance({ days: 28, hours: 1 })
    const asked = types(`
      payment_intent.requires_action invoice.payment_action_required invoice.updated
      customer.subscription.updated`)
    expect(newTypes()).toEqual([...RENEWAL, ...FINALIZED, ...asked])
    const invoice = await openInvoice(subscription)
    const waiting = { attempt_count: 0, attempted: true, next_payment_attempt: null }
    expect(await invoices.retrieve(invoice)).toMatchObject(waiting)
    simulator.payInvoice(invoice)
    expect((await subscriptions.retrieve(subscription)).status).toBe("active")
  })
})

describe("a cancellation", () => {
  test("at the period's end is an update, and a deletion when it comes", async () => {
    const { subscription } = await subscriber()
    await subscriptions.update(subscription, { cancel_at_period_end: true })
    const updates = newEvents()
    expect(updates.map(({ type }) => type)).toEqual(["customer.subscription.updated"])
    expect(updates[0]?.data.object).toMatchObject({
      status: "active",
      cancel_at: END,
      cancel_at_period_end: true,
      cancellation_details: { reason: "cancellation_requested" },
    })
    expect(updates[0]?.data.previous_attributes).toEqual({
      cancel_at: null,
      cancel_at_period_end: false,
      canceled_at: null,
      cancellation_details: { reason: null },
    })
    simulator.advance({ days: 40 })
    const [deleted, ...more] = newEvents()
    expect(deleted).toMatchObject({ type: "customer.subscription.deleted", created: END })
    expect(deleted?.data.object).toMatchObject({
      status: "canceled",
      ended_at: END,
      canceled_at: updates[0]?.data.object.canceled_at,
      cancel_at_period_end: true,
    })
    expect(deleted?.data).not.toHaveProperty("previous_attributes")
    expect(more).toEqual([])
  })

  test("in the portal sets cancel_at alone, and can be undone", async () => {
    const { subscription } = await subscriber()
    simulator.cancelAtPeriodEnd(subscription)
    const scheduled = { cancel_at: END, cancel_at_period_end: false }
    expect(await subscriptions.retrieve(subscription)).toMatchObject(scheduled)
    simulator.resume(subscription)
    const events = newEvents()
    const updated = "customer.subscription.updated"
    expect(events.map(({ type }) => type)).toEqual([updated, updated])
    const resumed = { cancel_at: null, canceled_at: null, cancellation_details: { reason: null } }
    expect(events.at(-1)?.data.object).toMatchObject(resumed)
    simulator.advance({ days: 30 })
    expect((await subscriptions.retrieve(subscription)).status).toBe("active")
  })

  test("at a time of its own comes before the period's end", async () => {
    const { subscription } = await subscriber()
    const ended_at = START + 5 * DAY
    await subscriptions.update(subscription, { cancel_at: ended_at })
    simulator.advance({ days: 6 })
    expect(await subscriptions.retrieve(subscription)).toMatchObject({ status: "canceled", ended_at })
  })

  test("at once is one event, and final", async () => {
    const { subscription } = await subscriber()
    const canceled = await subscriptions.cancel(subscription)
    expect(newTypes()).toEqual(["customer.subscription.deleted"])
    expect(canceled.canceled_at).toBe(canceled.ended_at)
    simulator.advance({ days: 40 })
    expect(newTypes()).toEqual([])
    await expect(subscriptions.cancel(subscription)).rejects.toThrow("No such subscription")
  })

  test("comes with the customer's deletion", async () => {
    const { customer } = await subscriber()
    await customers.del(customer)
    expect(newTypes()).toEqual(["customer.subscription.deleted", "customer.deleted"])
    expect(await customers.retrieve(customer)).toMatchObject({ deleted: true })
    await expect(openCheckout({ customer })).rejects.toThrow(`No such customer: '${customer}'`)
  })
})

describe("refunds and disputes", () => {
  const paidThrough = (customer: string) => simulator.oracle(customer).subscriptions[0]?.paidThrough

  test("a refund may come in parts, and the subscription stays", async () => {
    const { subscription, customer } = await subscriber()
    const [charge] = (await charges.list({ customer })).data
    await stripe.refunds.create({ charge: charge?.id, amount: 500 })
    const events = newEvents()
    expect(events.map(({ type }) => type)).toEqual(["refund.created", "charge.refunded", "refund.updated"])
    expect(events[1]?.data).toMatchObject({
      object: { amount_refunded: 500, refunded: false },
      previous_attributes: { amount_refunded: 0 },
    })
    expect(paidThrough(customer)).toBe(END)
    await stripe.refunds.create({ payment_intent: String(charge?.payment_intent) })
    const whole = { amount_refunded: 2000, refunded: true }
    expect(await charges.retrieve(charge?.id ?? "")).toMatchObject(whole)
    expect(paidThrough(customer)).toBeNull()
    const again = stripe.refunds.create({ charge: charge?.id })
    await expect(again).rejects.toMatchObject({ code: "charge_already_refunded" })
    expect((await subscriptions.retrieve(subscription)).status).toBe("active")
  })

  test("a dispute takes the money until it is won", async () => {
    const { subscription, customer } = await subscriber()
    const { id } = simulator.dispute(subscription)
    expect(paidThrough(customer)).toBeNull()
    await stripe.disputes.update(id, { evidence: { customer_name: "Ada" } })
    simulator.closeDispute(id, "won")
    expect(newTypes()).toEqual(
      types(`
        charge.dispute.created charge.dispute.funds_withdrawn charge.dispute.updated charge.dispute.closed
        charge.dispute.funds_reinstated`),
    )
    expect(paidThrough(customer)).toBe(END)
  })

  test("a dispute ends the subscription, if that is set", async () => {
    simulator.settings({ cancelOnDispute: true })
    const { subscription } = await subscriber()
    const { id } = simulator.dispute(subscription)
    const ended = { status: "canceled", cancellation_details: { reason: "payment_disputed" } }
    expect(await subscriptions.retrieve(subscription)).toMatchObject(ended)
    expect(simulator.closeDispute(id, "lost").status).toBe("lost")
  })

  test("an inquiry takes nothing", async () => {
    const { subscription, customer } = await subscriber()
    const { id } = simulator.dispute(subscription, { status: "warning_needs_response" })
    simulator.closeDispute(id, "warning_closed")
    expect(newTypes()).toEqual(["charge.dispute.created", "charge.dispute.closed"])
    expect(paidThrough(customer)).toBe(END)
  })
})

describe("a subscription made by the API", () => {
  const CREATED = types(`
    customer.created payment_method.attached customer.subscription.created invoice.created`)

  test("becomes active when its card is good", async () => {
    const { id } = await customers.create()
    expect(simulator.createSubscription(id).status).toBe("active")
    const charged = types("payment_intent.succeeded charge.succeeded invoice.updated")
    const active = "customer.subscription.updated"
    expect(newTypes()).toEqual([...CREATED, ...FINALIZED, ...charged, ...PAID, active])
  })

  test.each([
    ["insufficient", ["charge.failed", "payment_intent.payment_failed", "invoice.payment_failed"]],
    ["authenticate", ["payment_intent.requires_action", "invoice.payment_action_required"]],
  ] as const)("is incomplete when its card is %s, and expires after 23 hours", async (card, events) => {
    const customer = await customers.create()
    const { id, status } = simulator.createSubscription(customer.id, { card })
    expect(status).toBe("incomplete")
    expect(newTypes()).toEqual([...CREATED, ...FINALIZED, ...events])
    simulator.advance({ hours: 23 })
    const expired = types("customer.subscription.updated payment_intent.canceled invoice.voided")
    expect(newTypes()).toEqual(expired)
    expect((await subscriptions.retrieve(id)).status).toBe("incomplete_expired")
  })
})
