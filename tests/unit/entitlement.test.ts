import { describe, expect, test } from "vitest"
import { entitlementOf, type SubscriptionFacts } from "../../src/services/billing/entitlement.ts"
import { DAY, HOUR } from "../../src/utils/time.ts"

const NOW = new Date("2026-03-10T12:00:00Z")
const at = (ms: number) => new Date(NOW.getTime() + ms)
const rules = { proPrices: ["price_now", "price_before"], livemode: false, graceMs: 3 * DAY }

const paid = (over: Partial<SubscriptionFacts> = {}): SubscriptionFacts => ({
  id: "sub_1",
  status: "active",
  priceId: "price_now",
  livemode: false,
  createdAt: at(-100 * DAY),
  paidUntil: at(10 * DAY),
  trialEnd: null,
  cancelAt: null,
  withheld: null,
  ...over,
})

const judge = (...subscriptions: SubscriptionFacts[]) => entitlementOf(subscriptions, rules, NOW)

const paidFor = (days: number) => ({ paidUntil: at(days * DAY) })

/** status, what is special, tier, reason, until in days. */
type Case = [string, Partial<SubscriptionFacts>, "basic" | "pro", string, number | null]

describe("one subscription", () => {
  test.each<Case>([
    ["active, paid", {}, "pro", "paid", 13],
    ["active, renewal an hour late", { paidUntil: at(-HOUR) }, "pro", "grace", 3 - 1 / 24],
    ["active, renewal late beyond the grace", paidFor(-3), "basic", "overdue", null],
    ["active, never paid", { paidUntil: null }, "basic", "incomplete", null],
    ["past_due within the grace", { status: "past_due", ...paidFor(-2) }, "pro", "grace", 1],
    ["past_due at the grace's end", { status: "past_due", ...paidFor(-3) }, "basic", "overdue", null],
    ["past_due, and still paid for", { status: "past_due" }, "pro", "paid", 13],
    ["trialing", { status: "trialing", paidUntil: null, trialEnd: at(7 * DAY) }, "pro", "trial", 10],
    [
      "trialing, trial over",
      { status: "trialing", paidUntil: null, trialEnd: at(-4 * DAY) },
      "basic",
      "overdue",
      null,
    ],
    ["active after its trial", { trialEnd: at(-DAY) }, "pro", "paid", 13],
    ["incomplete", { status: "incomplete", paidUntil: null }, "basic", "incomplete", null],
    ["incomplete_expired", { status: "incomplete_expired", paidUntil: null }, "basic", "incomplete", null],
    ["unpaid", { status: "unpaid" }, "basic", "overdue", null],
    ["canceled, with paid days left", { status: "canceled" }, "basic", "ended", null],
    ["paused", { status: "paused" }, "basic", "paused", null],
    ["a state that Stripe added", { status: "hibernating" }, "pro", "paid", 10],
    [
      "a state that Stripe added, not paid",
      { status: "hibernating", paidUntil: at(-1) },
      "basic",
      "overdue",
      null,
    ],
    ["to end with the paid period", { cancelAt: at(10 * DAY) }, "pro", "ending", 10],
    ["to end sooner", { cancelAt: at(2 * DAY) }, "pro", "ending", 2],
    ["to end after the next renewal", { cancelAt: at(40 * DAY) }, "pro", "paid", 13],
    ["past its end, and not yet ended by Stripe", { cancelAt: at(-1) }, "basic", "ended", null],
    [
      "past_due and to end within the grace",
      { status: "past_due", ...paidFor(-1), cancelAt: at(DAY) },
      "pro",
      "ending",
      1,
    ],
    ["refunded", { withheld: "refunded" }, "basic", "refunded", null],
    ["disputed", { withheld: "disputed" }, "basic", "disputed", null],
    ["refunded and canceled", { withheld: "refunded", status: "canceled" }, "basic", "ended", null],
    ["a price that was sold before", { priceId: "price_before" }, "pro", "paid", 13],
    ["an unknown price", { priceId: "price_other" }, "basic", "unknown_price", null],
    ["no price", { priceId: null }, "basic", "unknown_price", null],
    ["a live subscription under a test key", { livemode: true }, "basic", "wrong_mode", null],
  ])("%s", (_, over, tier, reason, days) => {
    const { until, ...entitlement } = judge(paid(over))
    expect(entitlement).toEqual({ tier, reason, subscriptionId: "sub_1" })
    expect(until && (until.getTime() - NOW.getTime()) / DAY).toEqual(
      days === null ? null : expect.closeTo(days, 6),
    )
  })
})

describe("several", () => {
  const ended = paid({ id: "sub_0", status: "canceled", createdAt: at(-300 * DAY) })
  test.each([
    ["none at all", [], ["basic", "no_subscription", null]],
    ["an old one and the one that is paid", [ended, paid()], ["pro", "paid", "sub_1"]],
    ["the same in the other order", [paid(), ended], ["pro", "paid", "sub_1"]],
    [
      "one refunded and one ended in the same second",
      [paid({ withheld: "refunded" }), paid({ id: "sub_2", status: "canceled" })],
      ["basic", "refunded", "sub_1"],
    ],
    [
      "the one paid longer",
      [paid(), paid({ id: "sub_2", paidUntil: at(20 * DAY) })],
      ["pro", "paid", "sub_2"],
    ],
    [
      "a foreign product beside Pro",
      [paid({ id: "sub_2", priceId: "price_other" }), paid()],
      ["pro", "paid", "sub_1"],
    ],
  ] as const)("%s", (_, subscriptions, [tier, reason, subscriptionId]) => {
    expect(judge(...subscriptions)).toMatchObject({ tier, reason, subscriptionId })
  })

  test("without a grace Pro ends with the paid period", () => {
    const { until } = entitlementOf([paid()], { ...rules, graceMs: 0 }, NOW)
    expect(until).toEqual(at(10 * DAY))
  })
})
