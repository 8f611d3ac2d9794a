import type Stripe from "stripe"
import { describe, expect, test } from "vitest"
import { PRO_PRICE, PRO_PRICE_YEARLY } from "../../simulators/stripe/server.ts"
import { failed } from "./kit.ts"
import { START, useStripe } from "./stripe-kit.ts"

const { simulator, stripe, openCheckout, subscriber, newTypes } = await useStripe()

const DAY = 24 * 60 * 60
const YEARLY = { line_items: [{ price: PRO_PRICE_YEARLY, quantity: 1 }] }

/** Pays a session. @returns it, its subscription and the invoices, newest first */
async function pay(
  session: Stripe.Checkout.Session,
  payment: Parameters<typeof simulator.completeCheckout>[1] = {},
) {
  simulator.completeCheckout(session.id, payment)
  const paid = await stripe.checkout.sessions.retrieve(session.id)
  return { session: paid, ...(await stateOf(String(paid.subscription))) }
}

async function stateOf(id: string) {
  const subscription = await stripe.subscriptions.retrieve(id)
  const { data: invoices } = await stripe.invoices.list({ subscription: id })
  return { subscription, invoices }
}

describe("what the simulator doesn't do", () => {
  const subscribe = (over: object) =>
    stripe.subscriptions.create({ customer: "cus_x", items: [{ price: PRO_PRICE }], ...over })
  test.each<[string, () => Promise<unknown>]>([
    ["tax_id_collection", () => openCheckout({ tax_id_collection: { enabled: true } })],
    ["locale", () => openCheckout({ locale: "de" })],
    [
      "subscription_data[trial_settings]",
      () =>
        openCheckout({
          subscription_data: { trial_settings: { end_behavior: { missing_payment_method: "pause" } } },
        }),
    ],
    ["payment_method_collection", () => openCheckout({ payment_method_collection: "if_required" })],
    ["trial_end", () => subscribe({ trial_end: "now" })],
    ["collection_method", () => subscribe({ collection_method: "send_invoice" })],
    [
      "pause_collection",
      async () => {
        const { subscription } = await subscriber()
        return stripe.subscriptions.update(subscription, { pause_collection: { behavior: "void" } })
      },
    ],
    [
      "items",
      async () => {
        const { subscription } = await subscriber()
        return stripe.subscriptions.update(subscription, { items: [{ price: PRO_PRICE_YEARLY }] })
      },
    ],
    [
      "prorate",
      async () => stripe.subscriptions.cancel((await subscriber()).subscription, { prorate: true }),
    ],
    [
      "features[subscription_pause][enabled]",
      () =>
        stripe.billingPortal.configurations.create({ features: { subscription_pause: { enabled: true } } }),
    ],
    ["max_redemptions", () => stripe.coupons.create({ percent_off: 5, max_redemptions: 1 })],
  ])("is refused: %s", async (param, call) => {
    const error = await failed(call())
    expect(error).toMatchObject({ statusCode: 400, param, message: `The simulator doesn't do ${param}.` })
  })

  test("is taken where it says what is done anyway", async () => {
    const { subscription } = await subscriber()
    const { status } = await stripe.subscriptions.cancel(subscription, { prorate: false, invoice_now: false })
    expect(status).toBe("canceled")
  })
})

describe("a trial", () => {
  const trial = { subscription_data: { trial_period_days: 14 } }

  test("costs nothing today, is announced three days before its end, and is then charged", async () => {
    const { session, subscription, invoices } = await pay(await openCheckout(trial))
    expect(session).toMatchObject({
      amount_total: 0,
      payment_status: "no_payment_required",
      status: "complete",
    })
    expect(subscription).toMatchObject({
      status: "trialing",
      trial_start: START,
      trial_end: START + 14 * DAY,
    })
    expect(invoices).toMatchObject([{ status: "paid", amount_paid: 0, lines: { data: [{ amount: 0 }] } }])
    newTypes()
    simulator.advance({ days: 12 })
    expect(newTypes()).toEqual(["customer.subscription.trial_will_end"])
    simulator.advance({ days: 2, hours: 2 })
    const after = await stateOf(subscription.id)
    expect(after.subscription.status).toBe("active")
    expect(after.invoices[0]).toMatchObject({ status: "paid", amount_paid: 2000 })
    expect(after.invoices[0]?.lines.data[0]?.period.start).toBe(START + 14 * DAY)
  })

  test("whose card fails at its end is past due", async () => {
    const { subscription } = await pay(await openCheckout(trial), { card: "insufficient" })
    expect(subscription.status).toBe("trialing")
    simulator.advance({ days: 14, hours: 2 })
    expect((await stateOf(subscription.id)).subscription.status).toBe("past_due")
  })

  test("by the API, without a card", async () => {
    const { id: customer } = await stripe.customers.create()
    const wanted = { customer, items: [{ price: PRO_PRICE }], trial_period_days: 7 }
    expect(await stripe.subscriptions.create(wanted)).toMatchObject({
      status: "trialing",
      trial_end: START + 7 * DAY,
    })
    simulator.advance({ days: 1 })
    expect((await stripe.subscriptions.list({ customer })).data[0]?.status).toBe("trialing")
  })
})

describe("a coupon", () => {
  async function promotion(terms: Stripe.CouponCreateParams) {
    const { id: coupon } = await stripe.coupons.create(terms)
    const { code } = await stripe.promotionCodes.create({
      promotion: { type: "coupon", coupon },
      code: "SPRING",
    })
    return { coupon, code }
  }
  const afterTwoMonths = async (id: string) => {
    simulator.advance({ days: 62 })
    return (await stateOf(id)).invoices.map(({ amount_paid }) => amount_paid)
  }

  test("that doesn't exist is refused, as is its code on the page", async () => {
    const error = await failed(openCheckout({ discounts: [{ coupon: "NOPE" }] }))
    expect(error).toMatchObject({ statusCode: 400, code: "resource_missing", param: "discounts[0][coupon]" })
    const { id } = await openCheckout({ allow_promotion_codes: true })
    expect(() => simulator.completeCheckout(id, { promotionCode: "NOPE" })).toThrow("This code is invalid.")
    expect((await stripe.checkout.sessions.retrieve(id)).status).toBe("open")
  })

  test("taken by a code, for once", async () => {
    const { coupon, code } = await promotion({ percent_off: 25, duration: "once" })
    const session = await openCheckout({ allow_promotion_codes: true })
    const paid = await pay(session, { promotionCode: code.toLowerCase() })
    expect(paid.session).toMatchObject({
      ...{ amount_subtotal: 2000, amount_total: 1500, total_details: { amount_discount: 500 } },
      discounts: [{ coupon, promotion_code: expect.stringMatching(/^promo_/) }],
    })
    expect(paid.invoices[0]).toMatchObject({ subtotal: 2000, total: 1500, amount_paid: 1500 })
    expect(await afterTwoMonths(paid.subscription.id)).toEqual([2000, 2000, 1500])
    expect((await stripe.coupons.retrieve(coupon)).times_redeemed).toBe(1)
  })

  test.each<[Stripe.CouponCreateParams, number[]]>([
    [{ amount_off: 300, currency: "usd", duration: "forever" }, [1700, 1700, 1700]],
    [{ percent_off: 100, duration: "repeating", duration_in_months: 1 }, [2000, 2000, 0]],
  ])("%j, given by the session", async (terms, amounts) => {
    const { coupon } = await promotion(terms)
    const { subscription } = await pay(await openCheckout({ discounts: [{ coupon }] }))
    expect(await afterTwoMonths(subscription.id)).toEqual(amounts)
  })

  test("on a session that takes no codes changes nothing", async () => {
    const { code } = await promotion({ percent_off: 25, duration: "once" })
    const { id } = await openCheckout()
    expect(() => simulator.completeCheckout(id, { promotionCode: code })).toThrow("takes no promotion codes")
  })
})

describe("automatic tax", () => {
  const taxed = { automatic_tax: { enabled: true } }

  test("needs an address, or leave to keep the one that is entered", async () => {
    const { id: customer } = await stripe.customers.create()
    const error = await failed(openCheckout({ customer, ...taxed }))
    expect(error).toMatchObject({ statusCode: 400, code: "customer_tax_location_invalid" })
    const session = await openCheckout({ customer, ...taxed, customer_update: { address: "auto" } })
    expect(session.automatic_tax).toMatchObject({ enabled: true, status: "requires_location_inputs" })
    expect(() => simulator.completeCheckout(session.id)).toThrow("Enter your country")
    const paid = await pay(session, { country: "DE" })
    expect(paid.session).toMatchObject({
      amount_total: 2380,
      total_details: { amount_tax: 380 },
      automatic_tax: { status: "complete" },
    })
    expect(paid.invoices[0]).toMatchObject({
      ...{ subtotal: 2000, total: 2380, amount_paid: 2380, total_excluding_tax: 2000 },
      automatic_tax: { enabled: true, status: "complete" },
      total_taxes: [{ amount: 380, tax_behavior: "exclusive", taxable_amount: 2000 }],
    })
    simulator.advance({ days: 31 })
    expect((await stateOf(paid.subscription.id)).invoices[0]).toMatchObject({ amount_paid: 2380 })
  })

  test("is inside of a price that includes it, and nothing where none is collected", async () => {
    await stripe.prices.update(PRO_PRICE, { tax_behavior: "inclusive" })
    const inside = await pay(await openCheckout(taxed), { country: "DE" })
    expect(inside.invoices[0]).toMatchObject({ total: 2000, total_taxes: [{ amount: 319 }] })
    const abroad = await pay(await openCheckout(taxed), { country: "US" })
    expect(abroad.invoices[0]).toMatchObject({ total: 2000, total_taxes: [{ amount: 0 }] })
  })
})

describe("a switch of the plan", () => {
  const half = 14 * DAY

  test("to a year begins a period now, less what is unused of the month", async () => {
    const { subscription: id } = await subscriber()
    const { subscription: before } = await stateOf(id)
    const month = (before.items.data[0]?.current_period_end ?? 0) - START
    simulator.advance({ days: 14 })
    newTypes()
    simulator.switchPlan(id, PRO_PRICE_YEARLY)
    expect(newTypes()).toContain("customer.subscription.updated")
    const { subscription, invoices } = await stateOf(id)
    const [item] = subscription.items.data
    expect(item).toMatchObject({ price: { id: PRO_PRICE_YEARLY }, current_period_start: START + half })
    const credit = -Math.round((2000 * (month - half)) / month)
    expect(invoices[0]).toMatchObject({
      ...{ billing_reason: "subscription_update", status: "paid", amount_paid: 20_000 + credit },
      lines: {
        data: [{ amount: credit, pricing: { price_details: { price: PRO_PRICE } } }, { amount: 20_000 }],
      },
    })
    simulator.advance({ days: 40 })
    expect((await stateOf(id)).invoices).toHaveLength(2)
  })

  test("to a month leaves a credit, which the next invoices use up", async () => {
    const { subscription } = await pay(await openCheckout(YEARLY))
    simulator.switchPlan(subscription.id, PRO_PRICE)
    const { invoices } = await stateOf(subscription.id)
    expect(invoices[0]).toMatchObject({
      total: -18_000,
      amount_due: 0,
      ending_balance: -18_000,
      status: "paid",
    })
    simulator.advance({ days: 31 })
    const [renewal] = (await stateOf(subscription.id)).invoices
    expect(renewal).toMatchObject({
      total: 2000,
      amount_due: 0,
      starting_balance: -18_000,
      ending_balance: -16_000,
    })
  })

  test("in the portal, where its configuration offers it", async () => {
    const { subscription, customer } = await subscriber()
    const open = async (configuration?: string) =>
      (await stripe.billingPortal.sessions.create({ customer, configuration })).url
    const { id } = await stripe.billingPortal.configurations.create({
      features: { subscription_update: { enabled: false }, subscription_cancel: { enabled: false } },
    })
    const plain = await (await fetch(await open(id))).text()
    expect(plain).not.toMatch(/Switch to|Cancel at/)
    const form = new URLSearchParams({ subscription, price: PRO_PRICE_YEARLY })
    const switchAt = async (url: string) => fetch(`${url}/switch`, { method: "POST", body: form })
    await switchAt(await open(id))
    expect((await stateOf(subscription)).invoices).toHaveLength(1)
    const url = await open()
    expect(await (await fetch(url)).text()).toContain("Switch to $200.00 per year")
    await switchAt(url)
    expect((await stateOf(subscription)).subscription.items.data[0]?.price.id).toBe(PRO_PRICE_YEARLY)
  })

  test("with a card that is declined changes nothing", async () => {
    const { subscription, customer } = await subscriber()
    simulator.changeCard(customer, "insufficient")
    expect(() => simulator.switchPlan(subscription, PRO_PRICE_YEARLY)).toThrow("insufficient funds")
    expect((await stateOf(subscription)).subscription.items.data[0]?.price.id).toBe(PRO_PRICE)
  })
})

test("the Checkout page asks for the code and the country, and says what a trial costs later", async () => {
  const { url, id } = await openCheckout({
    ...{ allow_promotion_codes: true, automatic_tax: { enabled: true } },
    subscription_data: { trial_period_days: 14 },
  })
  const page = await (await fetch(url ?? "")).text()
  expect(page).toContain("for 14 days, then $20.00 per month")
  expect(page).toMatch(/name="promotion_code"/)
  const submit = (fields: Record<string, string>) =>
    fetch(url ?? "", { method: "POST", body: new URLSearchParams(fields), redirect: "manual" })
  const typed = { card: "ok", email: "ada@example.test", country: "DE" }
  const refused = await submit({ ...typed, promotion_code: "NOPE" })
  expect([refused.status, await refused.text()]).toEqual([
    402,
    expect.stringContaining("This code is invalid."),
  ])
  expect((await submit(typed)).status).toBe(303)
  expect((await stripe.checkout.sessions.retrieve(id)).status).toBe("complete")
})

describe("objects have the fields that the API always sends", () => {
  const CARD =
    "amount_authorized authorization_code checks electronic_commerce_indicator installments mandate"
  const MORE = "network network_transaction_id regulated_status three_d_secure transaction_link_id wallet"

  test("a charge's card and a dispute's", async () => {
    const { subscription, customer } = await subscriber()
    const [charge] = (await stripe.charges.list({ customer })).data
    const card = charge?.payment_method_details?.card
    expect(Object.keys(card ?? {})).toEqual(expect.arrayContaining(`${CARD} ${MORE}`.split(" ")))
    const dispute = simulator.dispute(subscription)
    expect(dispute.payment_method_details?.card?.network).toBe("visa")
    expect(dispute.evidence).toMatchObject({ receipt: null, uncategorized_text: null })
  })

  test("a portal configuration's features, whatever was asked for", async () => {
    const features = { subscription_cancel: { enabled: true }, invoice_history: { enabled: false } }
    const made = await stripe.billingPortal.configurations.create({ features })
    expect(made.features).toMatchObject({
      invoice_history: { enabled: false },
      subscription_cancel: { enabled: true, mode: "at_period_end", cancellation_reason: { enabled: false } },
      subscription_pause: { enabled: false, duration: { type: "indefinite" } },
      subscription_update: {
        ...{ enabled: false, default_allowed_updates: [], billing_cycle_anchor: null },
        schedule_at_period_end: { conditions: [] },
      },
    })
  })
})
