import { describe, expect, test } from "vitest"
import { reconcile } from "../../src/services/billing/reconcile.ts"
import { useTestApp } from "../helpers/use-app.ts"
import {
  FROM_CHECKOUT,
  newPayer,
  newProPayer,
  type Payer,
  passTime,
  untilQuiet,
  withoutEvents,
} from "./kit.ts"

const app = useTestApp({
  stripe: true,
  timing: { billing: { sweepMs: 200, firstRetryMs: 500, stripeRetryMs: 50 } },
})

/** A Pro user who has a second subscription at Stripe, of which no event has arrived. */
async function withSecond(card: "ok" | "refund_fails" = "ok") {
  const ann = await newProPayer(app)
  await untilQuiet(app)
  const customer = await ann.stripeId()
  const [second] = await withoutEvents(app, async () => [
    app.stripe.createSubscription(customer, { card, ...FROM_CHECKOUT }),
  ])
  return { ann, second: second?.id as string, scope: { customerId: await ann.customerId() } }
}

const kindsAbout = async (user: Payer) => (await user.notices()).map(({ kind }) => kind)

describe("a refund that must be made", () => {
  test.each([
    ["that Stripe refuses", { status: 400, times: 1 }],
    ["that the key may not make", { status: 403, times: 1 }],
  ] as const)("%s is left to an operator, and made when it can be", async (_, fault) => {
    const { ann, scope } = await withSecond()
    app.stripe.fail({ method: "POST", path: "/v1/refunds", ...fault })
    // Stripe's event about what the first does there would have it made, too.
    await withoutEvents(app, async () => {
      const { failures, notices } = await reconcile(app.ctx, { scope })
      expect(failures).toEqual([])
      expect(notices.map(({ kind }) => kind)).toEqual(["second_subscription_cancelled", "refund_failed"])
      expect(await ann.standing()).toMatchObject({ tier: "pro", status: "active" })
      expect((await reconcile(app.ctx, { scope })).notices.map(({ kind }) => kind)).toEqual([
        "payment_refunded",
      ])
    })
    expect((await ann.atStripe()).refunds).toHaveLength(1)
  })

  test("while Stripe fails keeps no tier from being right, and is retried by itself", async () => {
    const { ann, scope } = await withSecond()
    const before = (await ann.history())[0]?.until as string
    await withoutEvents(app, async () => {
      await passTime(app, { days: 31 })
      await passTime(app, { hours: 2 })
    })
    app.stripe.fail({ method: "POST", path: "/v1/refunds", times: 3 })
    const { failures, changes } = await reconcile(app.ctx, { scope })
    expect(failures).toMatchObject([scope])
    expect(changes).toMatchObject([{ ...scope, after: { tier: "pro", reason: "paid" } }])
    expect(((await ann.history())[0]?.until as string) > before).toBe(true)
    await expect.poll(() => kindsAbout(ann)).toContain("payment_refunded")
  })

  test("and fails later is reported, and isn't made again at every event", async () => {
    const { ann, scope } = await withSecond("refund_fails")
    await reconcile(app.ctx, { scope })
    expect(await kindsAbout(ann)).toEqual(["payment_refunded", "second_subscription_cancelled"])
    await passTime(app, { hours: 2 })
    await untilQuiet(app)
    expect(await kindsAbout(ann)).toEqual([
      "payment_refunded",
      "refund_failed",
      "second_subscription_cancelled",
    ])
    await reconcile(app.ctx, { scope })
    expect((await ann.atStripe()).refunds).toMatchObject([{ status: "failed" }])
    expect(await ann.standing()).toMatchObject({ tier: "pro" })
  })

  test("is made once and reported, also when the answer is lost", async () => {
    const { ann, scope } = await withSecond()
    app.stripe.fail({ method: "POST", path: "/v1/refunds", when: "after", status: "reset", times: 3 })
    await reconcile(app.ctx, { scope })
    await untilQuiet(app)
    await reconcile(app.ctx, { scope })
    expect((await ann.atStripe()).refunds).toHaveLength(1)
    expect(await kindsAbout(ann)).toEqual(["payment_refunded", "second_subscription_cancelled"])
  })
})

describe("the reconciler returns what it did at Stripe", () => {
  test("of a second subscription", async () => {
    const { second, scope } = await withSecond()
    expect((await reconcile(app.ctx, { scope })).notices).toMatchObject([
      { ...scope, kind: "second_subscription_cancelled", objectId: second },
      { ...scope, kind: "payment_refunded", objectId: expect.stringMatching(/^pi_/) },
    ])
    expect((await reconcile(app.ctx, { scope })).notices).toEqual([])
  })
})

describe("a customer that Stripe doesn't have", () => {
  /** As after another key: of the other account's objects only their ids are left. */
  async function ofAnotherAccount(user: Payer): Promise<void> {
    await untilQuiet(app)
    await app.query(
      "UPDATE billing_customers SET stripe_id = 'cus_of_another_account' WHERE user_id = $1",
      user.user.id,
    )
  }
  const forget = () => app.query("DELETE FROM billing_customers WHERE stripe_id = 'cus_of_another_account'")

  test("becomes Basic", async () => {
    const ann = await newProPayer(app)
    await ofAnotherAccount(ann)
    const scope = { customerId: await ann.customerId() }
    expect((await reconcile(app.ctx, { scope })).failures).toEqual([])
    expect(await ann.standing()).toMatchObject({ tier: "basic", status: "none" })
    expect((await ann.history())[0]).toMatchObject({ reason: "no_subscription" })
    await forget()
  })

  test("may be deleted", async () => {
    const ann = await newProPayer(app)
    await ofAnotherAccount(ann)
    await ann.http.delete("/user/me")
    await untilQuiet(app)
    await forget()
  })
})

test("subscriptions of the live account give nothing to a sandbox key", async () => {
  const ann = await newPayer(app)
  app.stripe.settings({ livemode: true })
  try {
    const customer = await app.ctx.stripe.customers.create({ metadata: { user_id: ann.user.id } })
    await app.query(
      "INSERT INTO billing_customers (id, user_id, stripe_id) VALUES (gen_random_uuid(), $1, $2)",
      ann.user.id,
      customer.id,
    )
    app.stripe.createSubscription(customer.id)
    await untilQuiet(app)
  } finally {
    app.stripe.settings({ livemode: false })
  }
  expect((await ann.history())[0]).toMatchObject({ tier: "basic", reason: "wrong_mode" })
})
