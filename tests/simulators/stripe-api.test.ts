import type Stripe from "stripe"
import { describe, expect, test } from "vitest"
import { PRO_PRICE } from "../../simulators/stripe/server.ts"
import { refused, START, useStripe } from "./stripe-kit.ts"

const { simulator, stripe, openCheckout, subscriber } = await useStripe()

describe("customers", () => {
  test("can be made, changed, found and listed page by page", async () => {
    const made = await stripe.customers.create({
      email: "a@b.test",
      name: "Ada",
      metadata: { user: "1", gone: "x" },
    })
    await stripe.customers.update(made.id, { name: "", metadata: { gone: "", more: "2" } })
    expect(await stripe.customers.retrieve(made.id)).toMatchObject({
      name: null,
      metadata: { user: "1", more: "2" },
    })
    for (let index = 0; index < 4; index++) await stripe.customers.create({ name: `n${index}` })
    expect((await stripe.customers.list({ email: "a@b.test" })).data.map(({ id }) => id)).toEqual([made.id])
    const page = await stripe.customers.list({ limit: 2 })
    expect(page.has_more).toBe(true)
    const all: string[] = []
    for await (const { name } of stripe.customers.list({ limit: 2 })) all.push(String(name))
    expect(all).toEqual(["n3", "n2", "n1", "n0", "null"])
    const back = await stripe.customers.list({ limit: 1, ending_before: made.id })
    expect(back).toMatchObject({ has_more: true, data: [{ name: "n0" }] })
    const found = await stripe.customers.search({ query: "email:'a@b.test' AND metadata['user']:'1'" })
    expect(found.data.map(({ id }) => id)).toEqual([made.id])
  })
})

describe("the catalog", () => {
  test("has a price from the start, and takes more", async () => {
    const [pro] = (await stripe.prices.list({ lookup_keys: ["pro_monthly"], expand: ["data.product"] })).data
    expect(pro).toMatchObject({ id: PRO_PRICE, unit_amount: 2000, currency: "usd", product: { name: "Pro" } })
    expect(pro?.recurring).toMatchObject({ interval: "month", interval_count: 1 })
    const product = await stripe.products.create({ name: "Team" })
    const price = await stripe.prices.create({
      product: product.id,
      currency: "usd",
      unit_amount: 5000,
      recurring: { interval: "year" },
      lookup_key: "team",
    })
    expect((await stripe.prices.list({ product: product.id })).data.map(({ id }) => id)).toEqual([price.id])
    expect((await stripe.prices.update(price.id, { active: false })).active).toBe(false)
    expect((await stripe.products.update(product.id, { name: "Teams" })).name).toBe("Teams")
    const error = await refused(openCheckout({ line_items: [{ price: price.id, quantity: 1 }] }))
    expect(error.message).toContain("inactive")
  })
})

describe("Checkout sessions", () => {
  test("remember what they were made with", async () => {
    const session = await openCheckout({
      client_reference_id: "user 1",
      metadata: { user: "1" },
      subscription_data: { metadata: { plan: "pro" } },
      expires_at: START + 3600,
    })
    expect(session).toMatchObject({
      status: "open",
      amount_total: 2000,
      client_reference_id: "user 1",
      livemode: false,
    })
    expect(session.url).toBe(`${simulator.url}/c/pay/${session.id}`)
    expect(session.expires_at).toBe(START + 3600)
    const items = await stripe.checkout.sessions.listLineItems(session.id)
    expect(items.data[0]).toMatchObject({ quantity: 1, price: { id: PRO_PRICE } })
    const expandedSession = await stripe.checkout.sessions.retrieve(session.id, { expand: ["line_items"] })
    expect(expandedSession.line_items?.data).toHaveLength(1)
    simulator.completeCheckout(session.id)
    const done = await stripe.checkout.sessions.retrieve(session.id, { expand: ["subscription", "customer"] })
    expect(done.subscription).toMatchObject({ metadata: { plan: "pro" }, status: "active" })
    expect((await stripe.checkout.sessions.list({ status: "complete" })).data).toHaveLength(1)
  })

  test("can be expired once", async () => {
    const { id } = await openCheckout()
    expect((await stripe.checkout.sessions.expire(id)).status).toBe("expired")
    expect((await refused(stripe.checkout.sessions.expire(id))).message).toContain("status of expired")
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

describe("what belongs to a payment", () => {
  test("is joined by invoice payments", async () => {
    const { subscription, customer } = await subscriber()
    const bought = await stripe.subscriptions.retrieve(subscription, {
      expand: ["latest_invoice.payments.data.payment.payment_intent", "default_payment_method"],
    })
    const invoice = bought.latest_invoice as Stripe.Invoice
    const intent = invoice.payments?.data[0]?.payment.payment_intent as Stripe.PaymentIntent
    expect(intent).toMatchObject({ status: "succeeded", amount_received: 2000 })
    expect(bought.default_payment_method).toMatchObject({ card: { last4: "4242" } })
    const joined = await stripe.invoicePayments.list({
      payment: { type: "payment_intent", payment_intent: intent.id },
    })
    expect(joined.data).toMatchObject([{ invoice: invoice.id, status: "paid", amount_paid: 2000 }])
    expect((await stripe.invoicePayments.list({ invoice: invoice.id })).data).toHaveLength(1)
    expect((await stripe.paymentIntents.list({ customer })).data.map(({ id }) => id)).toEqual([intent.id])
    expect((await stripe.charges.list({ payment_intent: intent.id })).data).toHaveLength(1)
    expect((await stripe.invoices.list({ customer, status: "paid" })).data.map(({ id }) => id)).toEqual([
      invoice.id,
    ])
    const methods = await stripe.customers.listPaymentMethods(customer)
    expect(methods.data).toHaveLength(1)
  })
})

describe("subscriptions", () => {
  test("are made with a card, listed and changed", async () => {
    const customer = await stripe.customers.create({
      payment_method: "pm_card_visa",
      invoice_settings: { default_payment_method: "pm_card_visa" },
    })
    const made = await stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: PRO_PRICE }],
      metadata: { a: "1" },
    })
    expect(made.status).toBe("active")
    await stripe.subscriptions.update(made.id, { metadata: { b: "2" } })
    expect((await stripe.subscriptions.retrieve(made.id)).metadata).toEqual({ a: "1", b: "2" })
    expect((await stripe.subscriptions.list({ customer: customer.id, price: PRO_PRICE })).data).toHaveLength(
      1,
    )
    await stripe.subscriptions.cancel(made.id, { cancellation_details: { comment: "dear" } })
    expect((await stripe.subscriptions.list({ customer: customer.id })).data).toEqual([])
    const all = await stripe.subscriptions.list({ customer: customer.id, status: "all" })
    expect(all.data).toMatchObject([{ status: "canceled", cancellation_details: { comment: "dear" } }])
  })

  test("that wait for a payment can be paid", async () => {
    const customer = await stripe.customers.create()
    const made = await stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: PRO_PRICE }],
      payment_behavior: "default_incomplete",
      expand: ["latest_invoice.confirmation_secret"],
    })
    const invoice = made.latest_invoice as Stripe.Invoice
    expect(made.status).toBe("incomplete")
    expect(invoice.confirmation_secret?.client_secret).toMatch(/^pi_.+_secret_/)
    const error = await refused(
      stripe.invoices.pay(invoice.id ?? "", { payment_method: "pm_card_chargeCustomerFail" }),
    )
    expect(error).toMatchObject({ statusCode: 402, code: "card_declined", type: "StripeCardError" })
    await stripe.invoices.pay(invoice.id ?? "", { payment_method: "pm_card_visa" })
    expect((await stripe.subscriptions.retrieve(made.id)).status).toBe("active")
  })

  test("aren't kept when they must not be incomplete", async () => {
    const customer = await stripe.customers.create({ payment_method: "pm_card_chargeCustomerFail" })
    const [method] = (await stripe.customers.listPaymentMethods(customer.id)).data
    const error = await refused(
      stripe.subscriptions.create({
        customer: customer.id,
        items: [{ price: PRO_PRICE }],
        default_payment_method: method?.id,
        payment_behavior: "error_if_incomplete",
      }),
    )
    expect(error).toMatchObject({ statusCode: 402, decline_code: "insufficient_funds" })
    expect((await stripe.subscriptions.list({ customer: customer.id, status: "all" })).data).toEqual([])
  })
})

describe("invoices", () => {
  test("paid by other means have no payment that succeeded", async () => {
    const { subscription } = await subscriber("insufficient_on_renewal")
    simulator.advance({ days: 28, hours: 1 })
    const [open] = (await stripe.invoices.list({ subscription, status: "open" })).data
    const mark = simulator.events().length
    expect((await stripe.invoices.pay(open?.id ?? "", { paid_out_of_band: true })).status).toBe("paid")
    const types = simulator
      .events()
      .slice(mark)
      .map(({ type }) => type)
    expect(types).toContain("invoice.paid")
    expect(types).not.toContain("invoice.payment_succeeded")
    expect((await stripe.subscriptions.retrieve(subscription)).status).toBe("active")
    expect((await refused(stripe.invoices.pay(open?.id ?? ""))).message).toBe("Invoice is already paid")
  })

  test("can be voided", async () => {
    const { subscription } = await subscriber("insufficient_on_renewal")
    simulator.advance({ days: 28, hours: 1 })
    const [open] = (await stripe.invoices.list({ subscription, status: "open" })).data
    expect((await stripe.invoices.voidInvoice(open?.id ?? "")).status).toBe("void")
  })
})

describe("the portal", () => {
  test("has a configuration from the start, and takes more", async () => {
    const { id: customer } = await stripe.customers.create()
    const session = await stripe.billingPortal.sessions.create({ customer, return_url: "http://app.test/" })
    expect(session.url).toBe(`${simulator.url}/p/session/${session.id}`)
    expect(simulator.events().at(-1)?.type).toBe("billing_portal.session.created")
    const configuration = await stripe.billingPortal.configurations.create({
      features: { subscription_cancel: { enabled: false }, invoice_history: { enabled: true } },
    })
    expect(configuration.features.subscription_cancel.enabled).toBe(false)
    await stripe.billingPortal.configurations.update(configuration.id, { active: false })
    expect((await stripe.billingPortal.configurations.list({ active: true })).data).toMatchObject([
      { is_default: true },
    ])
    expect((await stripe.billingPortal.configurations.retrieve(configuration.id)).active).toBe(false)
  })
})

describe("cards", () => {
  test("can be attached, or are declined", async () => {
    const { id: customer } = await stripe.customers.create()
    const method = await stripe.paymentMethods.attach("pm_card_visa", { customer })
    expect((await stripe.paymentMethods.retrieve(method.id)).customer).toBe(customer)
    await stripe.customers.update(customer, { invoice_settings: { default_payment_method: method.id } })
    expect((await stripe.paymentMethods.detach(method.id)).customer).toBeNull()
    const error = await refused(stripe.paymentMethods.attach("pm_card_chargeDeclined", { customer }))
    expect(error).toMatchObject({ statusCode: 402, code: "card_declined", decline_code: "generic_decline" })
  })
})

describe("what is kept apart", () => {
  test("livemode can be made to lie", async () => {
    simulator.settings({ livemode: true })
    expect((await stripe.customers.create()).livemode).toBe(true)
    expect(simulator.events()[0]?.livemode).toBe(true)
  })
})
