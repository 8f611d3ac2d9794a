import { describe, expect, test } from "vitest"
import { PRO_PRICE, PRO_PRICE_YEARLY } from "../../simulators/stripe/server.ts"
import { DAY } from "../../src/utils/time.ts"
import { signIn } from "../helpers/app.ts"
import { useTestApp } from "../helpers/use-app.ts"
import { newPayer, newProPayer, type Payer, passTime, payerOf, untilQuiet } from "./kit.ts"

const proPrices = [PRO_PRICE, PRO_PRICE_YEARLY, "price_former"]
const app = useTestApp({ stripe: true, config: { stripe: { proPrices } } })

async function open(user: Payer, body?: object, at = app) {
  const { body: reply } = await at.http.post("/subscribe/pro", body, { token: user.token })
  return app.ctx.stripe.checkout.sessions.retrieve(reply.sessionId, { expand: ["line_items"] })
}

describe("of several prices", () => {
  test.each([
    [undefined, PRO_PRICE],
    [{}, PRO_PRICE],
    [{ interval: "month" }, PRO_PRICE],
    [{ interval: "year" }, PRO_PRICE_YEARLY],
  ])("%j sells the first of its interval", async (body, price) => {
    const session = await open(await newPayer(app), body)
    expect(session.line_items?.data[0]?.price?.id).toBe(price)
  })

  test("another interval replaces the open page", async () => {
    const ann = await newPayer(app)
    const [monthly, again, yearly] = [await open(ann), await open(ann), await open(ann, { interval: "year" })]
    expect([again.id, yearly.id === monthly.id]).toEqual([monthly.id, false])
    expect((await app.ctx.stripe.checkout.sessions.retrieve(monthly.id)).status).toBe("expired")
  })

  test.each([{ interval: "week" }, { interval: 1 }, { plan: "pro" }, []])("%j is a 400", async (body) => {
    const ann = await newPayer(app)
    const { status, body: problem } = await ann.http.post("/subscribe/pro", body)
    expect([status, problem.code]).toEqual([400, "invalid_request"])
  })

  test("a year lasts a year, and a switch of the plan is followed", async () => {
    const ann = await newPayer(app)
    const { body } = await ann.http.post("/subscribe/pro", { interval: "year" })
    app.stripe.completeCheckout(body.sessionId)
    await ann.untilStanding({ tier: "pro" })
    const [{ until } = { until: "" }] = await ann.history()
    expect(new Date(String(until)).getTime() - Date.now()).toBeGreaterThan(364 * DAY)
    // To a month: the year is credited, so what is paid for ends with the month.
    const { id } = (await ann.atStripe()).subscriptions[0] as { id: string }
    await passTime(app, { days: 1 })
    app.stripe.switchPlan(id, PRO_PRICE)
    await untilQuiet(app)
    const [{ until: monthly } = { until: "" }] = await ann.history()
    expect(new Date(String(monthly)).getTime() - Date.now()).toBeLessThan(40 * DAY)
    expect((await ann.standing()).currentPeriodEnd < String(monthly)).toBe(true)
    // And to a year once more, of which the credit is a part.
    app.stripe.switchPlan(id, PRO_PRICE_YEARLY)
    await untilQuiet(app)
    expect(new Date(String((await ann.history())[0]?.until)).getTime() - Date.now()).toBeGreaterThan(
      364 * DAY,
    )
    expect(await ann.standing()).toMatchObject({ tier: "pro", status: "active" })
  })
})

describe("one price alone", () => {
  const single = useTestApp({ beside: app, worker: false, config: { stripe: { proPrices: [PRO_PRICE] } } })

  test("isn't sold for another interval", async () => {
    const { token } = await newPayer(app)
    const { status, body } = await single.http.post("/subscribe/pro", { interval: "year" }, { token })
    expect([status, body.errors]).toEqual([
      400,
      [{ path: "body.interval", message: "Pro isn't sold by the year." }],
    ])
  })
})

describe("by configuration", () => {
  const offering = useTestApp({
    beside: app,
    worker: false,
    config: { stripe: { proPrices, trialDays: 7, takesPromotionCodes: true, automaticTax: true } },
  })

  test("the first subscription begins with a trial, and no later one does", async () => {
    const ann = await newPayer(app)
    const session = await open(ann, undefined, offering)
    expect(session).toMatchObject({
      allow_promotion_codes: true,
      automatic_tax: { enabled: true },
      amount_total: 0,
    })
    app.stripe.completeCheckout(session.id, { country: "DE" })
    const trial = await ann.untilStanding({ tier: "pro", status: "trialing" })
    expect((await ann.history())[0]).toMatchObject({ tier: "pro", reason: "trial" })
    expect(new Date(trial.currentPeriodEnd).getTime() - Date.now()).toBeLessThan(8 * DAY)
    app.stripe.cancelNow((await ann.atStripe()).subscriptions[0]?.id as string)
    await ann.untilStanding({ tier: "basic" })
    expect(await open(ann, undefined, offering)).toMatchObject({ amount_total: 2380 })
  })

  test("an account that is deleted and made again with the same number gets no other trial", async () => {
    const ann = await newPayer(app)
    const { id } = await open(ann, undefined, offering)
    app.stripe.completeCheckout(id, { country: "DE" })
    await ann.untilStanding({ status: "trialing" })
    expect((await ann.http.delete("/user/me")).status).toBe(202)
    const again = payerOf(app, await signIn(app, { mobileNumber: ann.mobileNumber }))
    expect(await open(again, undefined, offering)).toMatchObject({ amount_total: 2000 })
    // Another number has its own.
    expect(await open(await newPayer(app), undefined, offering)).toMatchObject({ amount_total: 0 })
  })

  test("a trial that ends is paid for, and Pro goes on without a gap", async () => {
    const ann = await newPayer(app)
    app.stripe.completeCheckout((await open(ann, undefined, offering)).id, { country: "US" })
    await ann.untilStanding({ tier: "pro", status: "trialing" })
    await passTime(app, { days: 7 })
    await ann.untilStanding({ tier: "pro", status: "active" })
    await passTime(app, { hours: 2 })
    await untilQuiet(app)
    expect((await ann.history())[0]).toMatchObject({ tier: "pro", reason: "paid" })
  })

  test("a code that makes it free makes Pro", async () => {
    const { id: coupon } = await app.ctx.stripe.coupons.create({ percent_off: 100, duration: "forever" })
    const { code } = await app.ctx.stripe.promotionCodes.create({ promotion: { type: "coupon", coupon } })
    const ann = await newProPayer(app)
    app.stripe.cancelNow(ann.subscription)
    await ann.untilStanding({ tier: "basic" })
    const session = await open(ann, undefined, offering)
    app.stripe.completeCheckout(session.id, { promotionCode: code, country: "DE" })
    await ann.untilStanding({ tier: "pro", status: "active" })
  })
})
