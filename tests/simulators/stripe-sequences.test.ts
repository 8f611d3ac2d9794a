import type Stripe from "stripe"
import { describe, expect, test } from "vitest"
import { START, useStripe } from "./stripe-kit.ts"

const { simulator, stripe, openCheckout, subscriber, typesSince } = await useStripe()

/** All events of a kind, as their objects. */
function objectsOf<T>(type: string): T[] {
  return simulator
    .events()
    .filter((event) => event.type === type)
    .map((event) => event.data.object as T)
}

describe("Checkout", () => {
  const FIRST = [
    "charge.succeeded",
    "payment_method.attached",
    "customer.created",
    "customer.updated",
    "checkout.session.completed",
    "customer.subscription.created",
    "payment_intent.created",
    "payment_intent.succeeded",
    "invoice.created",
    "invoice.finalized",
    "invoice.paid",
    "invoice.payment_succeeded",
    "invoice_payment.paid",
  ]

  test("of somebody new makes a customer", async () => {
    const session = await openCheckout({ customer_email: "new@example.test", client_reference_id: "u1" })
    simulator.completeCheckout(session.id)
    expect(typesSince()).toEqual(FIRST)
    const [completed] = objectsOf<Stripe.Checkout.Session>("checkout.session.completed")
    expect(completed).toMatchObject({ status: "complete", payment_status: "paid", client_reference_id: "u1" })
    const [created] = objectsOf<Stripe.Subscription>("customer.subscription.created")
    expect(created).toMatchObject({ id: completed?.subscription, status: "active" })
    expect(objectsOf<Stripe.Invoice>("invoice.created")[0]?.status).toBe("draft")
    expect(objectsOf<Stripe.Invoice>("invoice.finalized")[0]?.status).toBe("open")
    expect(objectsOf<Stripe.Invoice>("invoice.paid")[0]).toMatchObject({
      status: "paid",
      billing_reason: "subscription_create",
      parent: { subscription_details: { subscription: completed?.subscription } },
    })
  })
})

describe("Checkout of somebody known", () => {
  test("makes no customer", async () => {
    await subscriber()
    expect(typesSince(1)).toEqual([
      "charge.succeeded",
      "payment_method.attached",
      "customer.updated",
      "checkout.session.completed",
      "customer.subscription.created",
      "payment_intent.succeeded",
      "payment_intent.created",
      "invoice.created",
      "invoice.finalized",
      "invoice.paid",
      "invoice.payment_succeeded",
      "invoice_payment.paid",
    ])
  })

  test("stays open when the card is declined or must be confirmed", async () => {
    const { id } = await openCheckout()
    expect(simulator.completeCheckout(id, { card: "decline" }).status).toBe("declined")
    expect(typesSince()).toEqual(["charge.failed", "payment_intent.payment_failed"])
    expect(simulator.completeCheckout(id, { card: "authenticate" }).status).toBe("requires_action")
    expect(await stripe.checkout.sessions.retrieve(id)).toMatchObject({ status: "open", subscription: null })
    const confirmed = simulator.completeCheckout(id, { card: "authenticate", authenticated: true })
    expect(confirmed.status).toBe("complete")
  })

  test.each([
    ["succeed", "active", "paid", "checkout.session.async_payment_succeeded"],
    ["fail", "incomplete", "unpaid", "checkout.session.async_payment_failed"],
  ] as const)("with a payment that clears late can %s", async (async, status, payment_status, last) => {
    const { id } = await openCheckout()
    simulator.completeCheckout(id, { async })
    const session = await stripe.checkout.sessions.retrieve(id, { expand: ["subscription"] })
    expect(session).toMatchObject({
      status: "complete",
      payment_status: "unpaid",
      subscription: { status: "incomplete" },
    })
    expect(typesSince()).not.toContain("invoice.paid")
    simulator.completeCheckout(id, { async })
    expect(typesSince().at(-1)).toBe(last)
    const after = await stripe.checkout.sessions.retrieve(id, { expand: ["subscription"] })
    expect(after).toMatchObject({ payment_status, subscription: { status } })
  })

  test.each([
    ["succeed", "active", "paid"],
    ["fail", "incomplete_expired", "void"],
  ] as const)("waits three days for a payment that will %s", async (async, status, invoice) => {
    const { id } = await openCheckout()
    simulator.completeCheckout(id, { async })
    simulator.advance({ days: 2 })
    expect((await stripe.subscriptions.list()).data[0]?.status).toBe("incomplete")
    simulator.advance({ days: 1 })
    expect(
      await stripe.checkout.sessions.retrieve(id, { expand: ["subscription", "invoice"] }),
    ).toMatchObject({ subscription: { status }, invoice: { status: invoice } })
  })

  test("expires when nobody pays", async () => {
    const { id } = await openCheckout()
    simulator.advance({ hours: 24 })
    expect(typesSince()).toEqual(["checkout.session.expired"])
    expect(await stripe.checkout.sessions.retrieve(id)).toMatchObject({ status: "expired", url: null })
    expect(() => simulator.completeCheckout(id)).toThrow("expired")
  })
})

describe("a renewal", () => {
  test("moves the period an hour before it is paid", async () => {
    const { subscription } = await subscriber()
    const mark = simulator.events().length
    simulator.advance({ days: 28 })
    expect(typesSince(mark)).toEqual(["invoice.created", "customer.subscription.updated"])
    expect((await stripe.subscriptions.retrieve(subscription)).items.data[0]).toMatchObject({
      current_period_start: Date.UTC(2026, 1, 28, 10) / 1000,
      current_period_end: Date.UTC(2026, 2, 31, 10) / 1000,
    })
    simulator.advance({ hours: 1 })
    expect(typesSince(mark + 2)).toEqual([
      "invoice.finalized",
      "payment_intent.created",
      "charge.succeeded",
      "payment_intent.succeeded",
      "invoice.updated",
      "invoice.paid",
      "invoice.payment_succeeded",
      "invoice_payment.paid",
    ])
    const paid = objectsOf<Stripe.Invoice>("invoice.paid").at(-1)
    expect(paid).toMatchObject({ period_start: START, period_end: Date.UTC(2026, 1, 28, 10) / 1000 })
    expect(paid?.lines.data[0]?.period).toEqual({
      start: Date.UTC(2026, 1, 28, 10) / 1000,
      end: Date.UTC(2026, 2, 31, 10) / 1000,
    })
  })
})

const FAILED_TRY = [
  "charge.failed",
  "payment_intent.payment_failed",
  "invoice.payment_failed",
  "invoice.updated",
]
const RENEWAL = ["invoice.created", "customer.subscription.updated"]

describe("a renewal that fails", () => {
  async function failing(dunning: "cancel" | "unpaid" | "past_due") {
    simulator.settings({ dunning, retryDays: [3, 5] })
    const subscribed = await subscriber("insufficient_on_renewal")
    const mark = simulator.events().length
    simulator.advance({ days: 28, hours: 1 })
    return { ...subscribed, mark }
  }

  test("makes the subscription past due and is tried again", async () => {
    const { subscription, mark } = await failing("cancel")
    expect(typesSince(mark)).toEqual([
      ...RENEWAL,
      "invoice.finalized",
      "payment_intent.created",
      ...FAILED_TRY,
      "customer.subscription.updated",
    ])
    const last = simulator.events().at(-1)
    expect(last?.data).toMatchObject({
      object: { status: "past_due" },
      previous_attributes: { status: "active" },
    })
    const [invoice] = (await stripe.invoices.list({ subscription, status: "open" })).data
    const due = Date.UTC(2026, 2, 3, 11) / 1000
    expect(invoice).toMatchObject({ attempt_count: 1, next_payment_attempt: due, attempted: true })
  })

  test.each([
    ["cancel", ["customer.subscription.deleted"], "canceled"],
    ["unpaid", ["customer.subscription.updated"], "unpaid"],
    ["past_due", [], "past_due"],
  ] as const)("ends by %s", async (dunning, ending, status) => {
    const { subscription } = await failing(dunning)
    const mark = simulator.events().length
    simulator.advance({ days: 8 })
    expect(typesSince(mark)).toEqual([...FAILED_TRY, ...FAILED_TRY, ...ending])
    const reason = dunning === "cancel" ? "payment_failed" : null
    expect(await stripe.subscriptions.retrieve(subscription)).toMatchObject({
      status,
      cancellation_details: { reason },
    })
    const [invoice] = (await stripe.invoices.list({ subscription, limit: 1 })).data
    expect(invoice).toMatchObject({ status: "open", attempt_count: 3, next_payment_attempt: null })
  })

  test("of an unpaid subscription leaves later invoices as drafts", async () => {
    const { subscription } = await failing("unpaid")
    simulator.advance({ days: 35 })
    const statuses = (await stripe.invoices.list({ subscription })).data.map(({ status }) => status)
    expect(statuses).toEqual(["draft", "open", "paid"])
  })

  test("recovers with another card", async () => {
    const { subscription, customer } = await failing("cancel")
    simulator.changeCard(customer, "ok")
    const mark = simulator.events().length
    simulator.advance({ days: 3 })
    expect(typesSince(mark)).toEqual([
      "payment_intent.succeeded",
      "charge.succeeded",
      "invoice.updated",
      "invoice.paid",
      "invoice.payment_succeeded",
      "invoice_payment.paid",
      "customer.subscription.updated",
    ])
    expect((await stripe.subscriptions.retrieve(subscription)).status).toBe("active")
  })

  test("because the card must be confirmed waits for its owner", async () => {
    const { subscription } = await subscriber("authenticate_on_renewal")
    const mark = simulator.events().length
    simulator.advance({ days: 28, hours: 1 })
    expect(typesSince(mark)).toEqual([
      ...RENEWAL,
      "invoice.finalized",
      "payment_intent.created",
      "payment_intent.requires_action",
      "invoice.payment_action_required",
      "invoice.updated",
      "customer.subscription.updated",
    ])
    const [invoice] = (await stripe.invoices.list({ subscription, status: "open" })).data
    expect(invoice).toMatchObject({ attempt_count: 0, attempted: true, next_payment_attempt: null })
    simulator.payInvoice(invoice?.id ?? "")
    expect((await stripe.subscriptions.retrieve(subscription)).status).toBe("active")
  })
})

describe("a cancellation", () => {
  test("at the period's end is an update, and a deletion when it comes", async () => {
    const { subscription } = await subscriber()
    const mark = simulator.events().length
    await stripe.subscriptions.update(subscription, { cancel_at_period_end: true })
    const end = Date.UTC(2026, 1, 28, 10) / 1000
    const [updated] = simulator.events().slice(mark)
    expect(updated?.data.object).toMatchObject({
      status: "active",
      cancel_at: end,
      cancel_at_period_end: true,
      cancellation_details: { reason: "cancellation_requested" },
    })
    expect(updated?.data.previous_attributes).toEqual({
      cancel_at: null,
      cancel_at_period_end: false,
      canceled_at: null,
      cancellation_details: { reason: null },
    })
    const requested = updated?.data.object.canceled_at
    simulator.advance({ days: 40 })
    expect(typesSince(mark)).toEqual(["customer.subscription.updated", "customer.subscription.deleted"])
    const deleted = simulator.events().at(-1)
    expect(deleted?.data.object).toMatchObject({
      status: "canceled",
      ended_at: end,
      canceled_at: requested,
      cancel_at_period_end: true,
    })
    expect(deleted?.created).toBe(end)
    expect(deleted?.data).not.toHaveProperty("previous_attributes")
  })

  test("in the portal sets cancel_at alone, and can be undone", async () => {
    const { subscription } = await subscriber()
    const mark = simulator.events().length
    simulator.cancelAtPeriodEnd(subscription)
    expect(await stripe.subscriptions.retrieve(subscription)).toMatchObject({
      cancel_at: Date.UTC(2026, 1, 28, 10) / 1000,
      cancel_at_period_end: false,
    })
    simulator.resume(subscription)
    expect(typesSince(mark)).toEqual(["customer.subscription.updated", "customer.subscription.updated"])
    expect(simulator.events().at(-1)?.data.object).toMatchObject({
      cancel_at: null,
      canceled_at: null,
      cancellation_details: { reason: null },
    })
    simulator.advance({ days: 30 })
    expect((await stripe.subscriptions.retrieve(subscription)).status).toBe("active")
  })

  test("at a time of its own comes before the period's end", async () => {
    const { subscription } = await subscriber()
    await stripe.subscriptions.update(subscription, { cancel_at: START + 5 * 86_400 })
    simulator.advance({ days: 6 })
    expect(await stripe.subscriptions.retrieve(subscription)).toMatchObject({
      status: "canceled",
      ended_at: START + 5 * 86_400,
    })
  })

  test("at once is one event, and final", async () => {
    const { subscription } = await subscriber()
    const mark = simulator.events().length
    const canceled = await stripe.subscriptions.cancel(subscription)
    expect(typesSince(mark)).toEqual(["customer.subscription.deleted"])
    expect(canceled.canceled_at).toBe(canceled.ended_at)
    simulator.advance({ days: 40 })
    expect(typesSince(mark)).toHaveLength(1)
    await expect(stripe.subscriptions.cancel(subscription)).rejects.toThrow("No such subscription")
  })

  test("comes with the customer's deletion", async () => {
    const { customer } = await subscriber()
    const mark = simulator.events().length
    await stripe.customers.del(customer)
    expect(typesSince(mark)).toEqual(["customer.subscription.deleted", "customer.deleted"])
    expect(await stripe.customers.retrieve(customer)).toMatchObject({ deleted: true })
    await expect(openCheckout({ customer })).rejects.toThrow(`No such customer: '${customer}'`)
  })
})

describe("money that goes back", () => {
  test("as a refund, in parts", async () => {
    const { subscription, customer } = await subscriber()
    const mark = simulator.events().length
    const [charge] = (await stripe.charges.list({ customer })).data
    await stripe.refunds.create({ charge: charge?.id, amount: 500 })
    expect(typesSince(mark)).toEqual(["refund.created", "charge.refunded", "refund.updated"])
    expect(simulator.events()[mark + 1]?.data).toMatchObject({
      object: { amount_refunded: 500, refunded: false },
      previous_attributes: { amount_refunded: 0 },
    })
    const paidThrough = Date.UTC(2026, 1, 28, 10) / 1000
    expect(simulator.oracle(customer).subscriptions[0]).toMatchObject({ paidThrough, status: "active" })
    await stripe.refunds.create({ payment_intent: String(charge?.payment_intent) })
    expect(await stripe.charges.retrieve(charge?.id ?? "")).toMatchObject({
      amount_refunded: 2000,
      refunded: true,
    })
    expect(simulator.oracle(customer).subscriptions[0]).toMatchObject({
      paidThrough: null,
      status: "active",
    })
    await expect(stripe.refunds.create({ charge: charge?.id })).rejects.toMatchObject({
      code: "charge_already_refunded",
    })
    expect((await stripe.subscriptions.retrieve(subscription)).status).toBe("active")
  })

  test("as a dispute that is won", async () => {
    const { subscription, customer } = await subscriber()
    const mark = simulator.events().length
    const { id } = simulator.dispute(subscription)
    expect(simulator.oracle(customer).subscriptions[0]?.paidThrough).toBeNull()
    await stripe.disputes.update(id, { evidence: { customer_name: "Ada" } })
    simulator.closeDispute(id, "won")
    expect(typesSince(mark)).toEqual([
      "charge.dispute.created",
      "charge.dispute.funds_withdrawn",
      "charge.dispute.updated",
      "charge.dispute.closed",
      "charge.dispute.funds_reinstated",
    ])
    expect(simulator.oracle(customer).subscriptions[0]?.paidThrough).not.toBeNull()
  })

  test("as a dispute that ends the subscription, if that is set", async () => {
    simulator.settings({ cancelOnDispute: true })
    const { subscription } = await subscriber()
    const { id } = simulator.dispute(subscription)
    expect(await stripe.subscriptions.retrieve(subscription)).toMatchObject({
      status: "canceled",
      cancellation_details: { reason: "payment_disputed" },
    })
    expect(simulator.closeDispute(id, "lost").status).toBe("lost")
  })

  test("not for an inquiry", async () => {
    const { subscription, customer } = await subscriber()
    const mark = simulator.events().length
    const { id } = simulator.dispute(subscription, { status: "warning_needs_response" })
    simulator.closeDispute(id, "warning_closed")
    expect(typesSince(mark)).toEqual(["charge.dispute.created", "charge.dispute.closed"])
    expect(simulator.oracle(customer).subscriptions[0]?.paidThrough).not.toBeNull()
  })
})

describe("a subscription made by the API", () => {
  test("becomes active when its card is good", async () => {
    const { id } = await stripe.customers.create()
    const { status } = simulator.createSubscription(id)
    expect(status).toBe("active")
    expect(typesSince()).toEqual([
      "customer.created",
      "payment_method.attached",
      "customer.subscription.created",
      "invoice.created",
      "invoice.finalized",
      "payment_intent.created",
      "payment_intent.succeeded",
      "charge.succeeded",
      "invoice.updated",
      "invoice.paid",
      "invoice.payment_succeeded",
      "invoice_payment.paid",
      "customer.subscription.updated",
    ])
  })

  test.each([
    ["insufficient", ["charge.failed", "payment_intent.payment_failed", "invoice.payment_failed"]],
    ["authenticate", ["payment_intent.requires_action", "invoice.payment_action_required"]],
  ] as const)("is incomplete when its card is %s, and expires after 23 hours", async (card, events) => {
    const customer = await stripe.customers.create()
    const { id, status } = simulator.createSubscription(customer.id, { card })
    expect(status).toBe("incomplete")
    expect(typesSince(6)).toEqual(events)
    const mark = simulator.events().length
    simulator.advance({ hours: 23 })
    expect(typesSince(mark)).toEqual([
      "customer.subscription.updated",
      "payment_intent.canceled",
      "invoice.voided",
    ])
    expect((await stripe.subscriptions.retrieve(id)).status).toBe("incomplete_expired")
  })
})
