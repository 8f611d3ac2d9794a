import type Stripe from "stripe"
import { describe, expect, test } from "vitest"
import { PRO_PRICE } from "../../simulators/stripe/server.ts"
import { collect } from "./kit.ts"
import { refused, START, useStripe } from "./stripe-kit.ts"

const { simulator, stripe, openCheckout, subscriber, newTypes, openInvoice } = await useStripe()
const { customers, prices, products, subscriptions, invoices, paymentMethods } = stripe
const { sessions } = stripe.checkout
const ids = ({ data }: { data: Array<{ id: string }> }) => data.map(({ id }) => id)

test("customers can be made, changed, found and listed page by page", async () => {
  const metadata = { user: "1", gone: "x" }
  const made = await customers.create({ email: "a@b.test", name: "Ada", metadata })
  await customers.update(made.id, { name: "", metadata: { gone: "", more: "2" } })
  const changed = { name: null, metadata: { user: "1", more: "2" } }
  expect(await customers.retrieve(made.id)).toMatchObject(changed)
  for (let index = 0; index < 4; index++) await customers.create({ name: `n${index}` })
  expect(ids(await customers.list({ email: "a@b.test" }))).toEqual([made.id])
  expect((await customers.list({ limit: 2 })).has_more).toBe(true)
  const all = await collect(customers.list({ limit: 2 }))
  expect(all.map(({ name }) => name)).toEqual(["n3", "n2", "n1", "n0", null])
  const back = await customers.list({ limit: 1, ending_before: made.id })
  expect(back).toMatchObject({ has_more: true, data: [{ name: "n0" }] })
  const query = "email:'a@b.test' AND metadata['user']:'1'"
  expect(ids(await customers.search({ query }))).toEqual([made.id])
})

test("the catalog has a price from the start, and takes more", async () => {
  const [pro] = (await prices.list({ lookup_keys: ["pro_monthly"], expand: ["data.product"] })).data
  expect(pro).toMatchObject({ id: PRO_PRICE, unit_amount: 2000, currency: "usd", product: { name: "Pro" } })
  expect(pro?.recurring).toMatchObject({ interval: "month", interval_count: 1 })
  const { id: product } = await products.create({ name: "Team" })
  const recurring = { interval: "year" } as const
  const fields = { product, currency: "usd", unit_amount: 5000, recurring, lookup_key: "team" }
  const { id: price } = await prices.create(fields)
  expect(ids(await prices.list({ product }))).toEqual([price])
  expect((await prices.update(price, { active: false })).active).toBe(false)
  expect((await products.update(product, { name: "Teams" })).name).toBe("Teams")
  const error = await refused(openCheckout({ line_items: [{ price, quantity: 1 }] }))
  expect(error.message).toContain("inactive")
})

describe("Checkout sessions", () => {
  test("remember what they were made with", async () => {
    const subscription_data = { metadata: { plan: "pro" } }
    const shown = { client_reference_id: "user 1", metadata: { user: "1" }, expires_at: START + 3600 }
    const session = await openCheckout({ ...shown, subscription_data })
    const url = `${simulator.url}/c/pay/${session.id}`
    expect(session).toMatchObject({ ...shown, status: "open", amount_total: 2000, livemode: false, url })
    const items = await sessions.listLineItems(session.id)
    expect(items.data[0]).toMatchObject({ quantity: 1, price: { id: PRO_PRICE } })
    const { line_items } = await sessions.retrieve(session.id, { expand: ["line_items"] })
    expect(line_items?.data).toHaveLength(1)
    simulator.completeCheckout(session.id)
    const { subscription } = await sessions.retrieve(session.id, { expand: ["subscription", "customer"] })
    expect(subscription).toMatchObject({ ...subscription_data, status: "active" })
    expect(ids(await sessions.list({ status: "complete" }))).toEqual([session.id])
  })

  test("can be expired once", async () => {
    const { id } = await openCheckout()
    expect((await sessions.expire(id)).status).toBe("expired")
    expect((await refused(sessions.expire(id))).message).toContain("status of expired")
  })

  test("take an end by the caller's clock when the simulator's has moved on", async () => {
    simulator.advance({ days: 500 })
    const realNow = Math.floor(Date.now() / 1000)
    const session = await openCheckout({ expires_at: realNow + 1800 })
    expect(session.expires_at - simulator.now()).toBeGreaterThan(1790)
    const error = await refused(openCheckout({ expires_at: realNow + 60 }))
    expect(error).toMatchObject({ statusCode: 400, param: "expires_at" })
  })
})

test("invoice payments join invoices and payments", async () => {
  const { subscription, customer } = await subscriber()
  const bought = await subscriptions.retrieve(subscription, {
    expand: ["latest_invoice.payments.data.payment.payment_intent", "default_payment_method"],
  })
  const { id: invoice, payments } = bought.latest_invoice as Stripe.Invoice
  const intent = payments?.data[0]?.payment.payment_intent as Stripe.PaymentIntent
  expect(intent).toMatchObject({ status: "succeeded", amount_received: 2000 })
  expect(bought.default_payment_method).toMatchObject({ card: { last4: "4242" } })
  const payment = { type: "payment_intent", payment_intent: intent.id } as const
  const joined = [{ invoice, status: "paid", amount_paid: 2000 }]
  expect((await stripe.invoicePayments.list({ payment })).data).toMatchObject(joined)
  expect((await stripe.invoicePayments.list({ invoice })).data).toMatchObject(joined)
  expect(ids(await stripe.paymentIntents.list({ customer }))).toEqual([intent.id])
  expect(ids(await stripe.charges.list({ payment_intent: intent.id }))).toEqual([intent.latest_charge])
  expect((await invoices.list({ customer, status: "paid" })).data).toMatchObject([{ id: invoice }])
  expect((await customers.listPaymentMethods(customer)).data).toHaveLength(1)
})

describe("subscriptions", () => {
  const items = [{ price: PRO_PRICE }]

  test("are made with a card, listed and changed", async () => {
    const { id: customer } = await customers.create({
      payment_method: "pm_card_visa",
      invoice_settings: { default_payment_method: "pm_card_visa" },
    })
    const made = await subscriptions.create({ customer, items, metadata: { a: "1" } })
    expect(made.status).toBe("active")
    await subscriptions.update(made.id, { metadata: { b: "2" } })
    expect((await subscriptions.retrieve(made.id)).metadata).toEqual({ a: "1", b: "2" })
    expect(ids(await subscriptions.list({ customer, price: PRO_PRICE }))).toEqual([made.id])
    const cancellation_details = { comment: "dear" }
    await subscriptions.cancel(made.id, { cancellation_details })
    expect(ids(await subscriptions.list({ customer }))).toEqual([])
    const all = await subscriptions.list({ customer, status: "all" })
    expect(all.data).toMatchObject([{ status: "canceled", cancellation_details }])
  })

  test("that wait for a payment can be paid", async () => {
    const { id: customer } = await customers.create()
    const expand = ["latest_invoice.confirmation_secret"]
    const made = await subscriptions.create({
      customer,
      items,
      payment_behavior: "default_incomplete",
      expand,
    })
    const { id: invoice = "", confirmation_secret } = made.latest_invoice as Stripe.Invoice
    expect(made.status).toBe("incomplete")
    expect(confirmation_secret?.client_secret).toMatch(/^pi_.+_secret_/)
    const error = await refused(invoices.pay(invoice, { payment_method: "pm_card_chargeCustomerFail" }))
    expect(error).toMatchObject({ statusCode: 402, code: "card_declined", type: "StripeCardError" })
    await invoices.pay(invoice, { payment_method: "pm_card_visa" })
    expect((await subscriptions.retrieve(made.id)).status).toBe("active")
  })

  test("aren't kept when they must not be incomplete", async () => {
    const { id: customer } = await customers.create({ payment_method: "pm_card_chargeCustomerFail" })
    const [default_payment_method] = ids(await customers.listPaymentMethods(customer))
    const payment_behavior = "error_if_incomplete"
    const error = await refused(
      subscriptions.create({ customer, items, default_payment_method, payment_behavior }),
    )
    expect(error).toMatchObject({ statusCode: 402, decline_code: "insufficient_funds" })
    expect(ids(await subscriptions.list({ customer, status: "all" }))).toEqual([])
  })
})

describe("an open invoice", () => {
  async function unpaid() {
    const { subscription } = await subscriber("insufficient_on_renewal")
    simulator.advance({ days: 28, hours: 1 })
    newTypes()
    return { subscription, invoice: await openInvoice(subscription) }
  }

  test("paid by other means has no payment that succeeded", async () => {
    const { subscription, invoice } = await unpaid()
    expect((await invoices.pay(invoice, { paid_out_of_band: true })).status).toBe("paid")
    const types = newTypes()
    expect(types).toContain("invoice.paid")
    expect(types).not.toContain("invoice.payment_succeeded")
    expect((await subscriptions.retrieve(subscription)).status).toBe("active")
    expect((await refused(invoices.pay(invoice))).message).toBe("Invoice is already paid")
  })

  test("can be voided", async () => {
    const { invoice } = await unpaid()
    expect((await invoices.voidInvoice(invoice)).status).toBe("void")
  })
})

test("the portal has a configuration from the start, and takes more", async () => {
  const { sessions, configurations } = stripe.billingPortal
  const { id: customer } = await customers.create()
  const session = await sessions.create({ customer, return_url: "http://app.test/" })
  expect(session.url).toBe(`${simulator.url}/p/session/${session.id}`)
  expect(newTypes().at(-1)).toBe("billing_portal.session.created")
  const features = { subscription_cancel: { enabled: false }, invoice_history: { enabled: true } }
  const configuration = await configurations.create({ features })
  expect(configuration.features).toMatchObject(features)
  await configurations.update(configuration.id, { active: false })
  expect((await configurations.list({ active: true })).data).toMatchObject([{ is_default: true }])
  expect((await configurations.retrieve(configuration.id)).active).toBe(false)
})

test("cards can be attached, or are declined", async () => {
  const { id: customer } = await customers.create()
  const { id: method } = await paymentMethods.attach("pm_card_visa", { customer })
  expect((await paymentMethods.retrieve(method)).customer).toBe(customer)
  await customers.update(customer, { invoice_settings: { default_payment_method: method } })
  expect((await paymentMethods.detach(method)).customer).toBeNull()
  const error = await refused(paymentMethods.attach("pm_card_chargeDeclined", { customer }))
  expect(error).toMatchObject({ statusCode: 402, code: "card_declined", decline_code: "generic_decline" })
})

test("livemode can be made to lie", async () => {
  simulator.settings({ livemode: true })
  expect((await customers.create()).livemode).toBe(true)
  expect(simulator.events()[0]?.livemode).toBe(true)
})
