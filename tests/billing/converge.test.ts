import { randomUUID } from "node:crypto"
import { describe, expect, test } from "vitest"
import { LeaseLost } from "../../src/services/billing/customer-lease.ts"
import { reconcile } from "../../src/services/billing/reconcile.ts"
import { syncCustomer } from "../../src/services/billing/sync-customer.ts"
import { count, times } from "../helpers/answers.ts"
import { createRoom, promptsUsed, send } from "../helpers/chat.ts"
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
  timing: { billing: { sweepMs: 200, firstRetryMs: 200, stripeRetryMs: 50 } },
})

type StripeEvent = ReturnType<typeof app.stripe.events>[number]

describe("a second subscription", () => {
  test("that Checkout made is cancelled and refunded, and an operator sees it", async () => {
    const ann = await newProPayer(app)
    const first = ann.subscription
    const second = app.stripe.createSubscription(await ann.stripeId(), FROM_CHECKOUT)
    await untilQuiet(app)
    const { subscriptions, refunds } = await ann.atStripe()
    const statuses = Object.fromEntries(subscriptions.map(({ id, status }) => [id, status]))
    expect(statuses).toEqual({ [first]: "active", [second.id]: "canceled" })
    expect(refunds).toHaveLength(1)
    expect(await ann.standing()).toMatchObject({ tier: "pro", status: "active" })
    expect(await ann.notices()).toEqual([
      { kind: "payment_refunded", object_id: expect.stringMatching(/^pi_/) },
      { kind: "second_subscription_cancelled", object_id: second.id },
    ])
  })

  test("that the Dashboard made, after the user has cancelled, stays, and an operator sees it", async () => {
    const ann = await newProPayer(app)
    app.stripe.cancelAtPeriodEnd(ann.subscription)
    await ann.untilStanding({ cancelAt: expect.any(String) })
    const second = app.stripe.createSubscription(await ann.stripeId())
    await untilQuiet(app)
    const { subscriptions, refunds } = await ann.atStripe()
    expect([subscriptions.map(({ status }) => status), refunds]).toEqual([["active", "active"], []])
    expect(await ann.notices()).toEqual([{ kind: "second_subscription", object_id: second.id }])
    // Once nothing but the second is left, it is what counts.
    app.stripe.cancelNow(ann.subscription)
    await ann.untilStanding({ tier: "pro", status: "active", cancelAt: null })
    expect((await ann.history())[0]).toMatchObject({ tier: "pro", reason: "paid" })
  })

  test("that Checkout made, after the first was set to end, goes on, and the first runs out", async () => {
    const ann = await newProPayer(app)
    app.stripe.cancelAtPeriodEnd(ann.subscription)
    await ann.untilStanding({ cancelAt: expect.any(String) })
    app.stripe.createSubscription(await ann.stripeId(), FROM_CHECKOUT)
    await untilQuiet(app)
    const { subscriptions, refunds } = await ann.atStripe()
    expect([subscriptions.map(({ status }) => status), refunds]).toEqual([["active", "active"], []])
    expect(await ann.notices()).toEqual([])
  })

  test("of another product is left alone, and gives nothing", async () => {
    const bob = await newProPayer(app)
    const { id: product } = await app.ctx.stripe.products.create({ name: "Mugs" })
    const monthly = { currency: "usd", unit_amount: 900, recurring: { interval: "month" } } as const
    const { id: price } = await app.ctx.stripe.prices.create({ product, ...monthly })
    const mugs = app.stripe.createSubscription(await bob.stripeId(), { price })
    await untilQuiet(app)
    const { subscriptions, refunds } = await bob.atStripe()
    expect(subscriptions.find(({ id }) => id === mugs.id)?.status).toBe("active")
    expect(refunds).toEqual([])
    // Nor is it what the user's status shows.
    app.stripe.cancelNow(subscriptions.find(({ id }) => id !== mugs.id)?.id as string)
    await bob.untilStanding({ tier: "basic", status: "canceled" })
  })
})

describe("a customer that a restored backup doesn't have", () => {
  /** As if the backup were from before they began to pay. */
  async function forget({ user }: Payer): Promise<void> {
    await untilQuiet(app)
    await app.query("DELETE FROM billing_customers WHERE user_id = $1", user.id)
    await app.query("UPDATE users SET pro_until = NULL WHERE id = $1", user.id)
  }

  test("is Pro again with their next event", async () => {
    const ann = await newProPayer(app)
    const subscription = ann.subscription
    const customer = await ann.stripeId()
    await forget(ann)
    expect(await ann.standing()).toMatchObject({ tier: "basic", status: "none" })
    app.stripe.cancelAtPeriodEnd(subscription)
    await ann.untilStanding({ tier: "pro", status: "active" })
    expect(await ann.stripeId()).toBe(customer)
  })

  test("is Pro again by the reconciler, without an event", async () => {
    const ann = await newProPayer(app)
    const stripeId = await ann.stripeId()
    await forget(ann)
    const { failures, takenBack } = await reconcile(app.ctx, { scope: "all" })
    expect(failures).toEqual([])
    expect(takenBack).toEqual([{ customerId: await ann.customerId(), stripeId }])
    expect(await ann.standing()).toMatchObject({ tier: "pro", status: "active" })
  })

  test("and has subscribed again is left to an operator", async () => {
    const ann = await newProPayer(app)
    const forgotten = await ann.stripeId()
    await forget(ann)
    await ann.becomePro()
    await untilQuiet(app)
    const { notices } = await reconcile(app.ctx, { scope: "all" })
    expect(notices).toMatchObject([{ kind: "second_customer", objectId: forgotten }])
    expect(await ann.notices()).toEqual([{ kind: "second_customer", object_id: forgotten }])
    expect(await ann.stripeId()).not.toBe(forgotten)
  })

  test("whose user is gone stays unmatched", async () => {
    const { id } = await app.ctx.stripe.customers.create({
      metadata: { user_id: randomUUID(), billing_customer_id: randomUUID() },
    })
    app.stripe.createSubscription(id)
    await untilQuiet(app)
    expect(await app.query("SELECT 1 FROM billing_customers WHERE stripe_id = $1", id)).toEqual([])
  })
})

test("a notice about another account's subscription keeps no customer from being read", async () => {
  const ann = await newProPayer(app)
  await untilQuiet(app)
  await app.query(
    `INSERT INTO billing_notices (id, customer_id, kind, object_id, detail)
     SELECT $2, id, 'second_subscription_cancelled', 'sub_of_the_sandbox', '' FROM billing_customers WHERE user_id = $1`,
    ann.user.id,
    randomUUID(),
  )
  expect((await reconcile(app.ctx, { scope: "all" })).failures).toEqual([])
})

describe("a deleted user", () => {
  const remove = (user: Payer) => user.http.delete("/user/me")

  test("has no subscription any more", async () => {
    const ann = await newProPayer(app)
    await passTime(app, { hours: 1 })
    const customer = await ann.stripeId()
    expect((await remove(ann)).status).toBe(202)
    await expect
      .poll(() => app.stripe.oracle(customer).subscriptions.map(({ status }) => status))
      .toEqual(["canceled"])
    expect(app.stripe.oracle(customer).refunds).toEqual([])
  })

  test("is refunded what they pay afterwards, also when their row is gone", async () => {
    const ann = await newProPayer(app)
    await passTime(app, { hours: 1 })
    const customer = await ann.stripeId()
    await remove(ann)
    await expect
      .poll(async () => (await app.query("SELECT 1 FROM users WHERE id = $1", ann.user.id)).length)
      .toBe(0)
    app.stripe.createSubscription(customer, FROM_CHECKOUT)
    // What the deletion itself has begun may find the payment before it, or another, finds the subscription.
    await expect
      .poll(() => {
        const { refunds, subscriptions } = app.stripe.oracle(customer)
        return [refunds.length, ...subscriptions.map(({ status }) => status)]
      })
      .toEqual([1, "canceled", "canceled"])
  })

  test("keeps what Checkout didn't make, and an operator sees it", async () => {
    const ann = await newProPayer(app)
    const customer = await ann.stripeId()
    const other = app.stripe.createSubscription(customer)
    await untilQuiet(app)
    const customerId = await ann.customerId()
    // Stripe's times are whole seconds: a payment in the second of the deletion counts as one after it.
    await passTime(app, { hours: 1 })
    await remove(ann)
    await expect
      .poll(() => app.stripe.oracle(customer).subscriptions.map(({ id, status }) => [id, status]))
      .toEqual([
        [ann.subscription, "canceled"],
        [other.id, "active"],
      ])
    await untilQuiet(app)
    const sql =
      "SELECT object_id FROM billing_notices WHERE customer_id = $1 AND kind = 'subscription_of_deleted_user'"
    expect(await app.query(sql, customerId)).toEqual([{ object_id: other.id }])
    expect(app.stripe.oracle(customer).refunds).toEqual([])
  })

  test("can't pay on a page that is still open", async () => {
    const ann = await newPayer(app)
    const { sessionId } = await ann.subscribe()
    await remove(ann)
    await expect
      .poll(async () => (await app.ctx.stripe.checkout.sessions.retrieve(sessionId)).status)
      .toBe("expired")
  })
})

describe("events that never come", () => {
  test("are made up for by the reconciler, which returns what it changed", async () => {
    const ann = await newPayer(app)
    const { sessionId } = await ann.subscribe()
    await withoutEvents(app, async () => app.stripe.completeCheckout(sessionId))
    expect(await ann.standing()).toMatchObject({ tier: "basic" })
    const { changes, failures } = await reconcile(app.ctx, { scope: "recent" })
    expect(failures).toEqual([])
    const after = expect.objectContaining({ tier: "pro", reason: "paid" })
    expect(changes).toContainEqual(expect.objectContaining({ before: null, after }))
    expect(await ann.standing()).toMatchObject({ tier: "pro" })
    expect((await ann.history())[0]).toMatchObject({ cause: "reconcile" })
    expect((await reconcile(app.ctx, { scope: "all" })).changes).toEqual([])
  })

  test("while Stripe doesn't answer the reconciler counts failures, and the next run continues", async () => {
    const ann = await newPayer(app)
    const { sessionId } = await ann.subscribe()
    await withoutEvents(app, async () => app.stripe.completeCheckout(sessionId))
    const scope = { customerId: await ann.customerId() }
    // Nobody else's job may use the failures up.
    await untilQuiet(app)
    app.stripe.fail({ path: "/v1/subscriptions", times: 3 })
    const { checked, failures } = await reconcile(app.ctx, { scope })
    expect([checked, failures.length]).toEqual([0, 1])
    expect((await reconcile(app.ctx, { scope })).changes).toHaveLength(1)
  })
})

test("an event whose handling fails is handled later", async () => {
  const ann = await newPayer(app)
  const { sessionId } = await ann.subscribe()
  app.stripe.fail({ method: "GET", path: "/v1/subscriptions", times: 9 })
  app.stripe.completeCheckout(sessionId)
  await ann.untilStanding({ tier: "pro" })
})

test("a request whose answer from Stripe is lost is repeated, and nothing is done twice", async () => {
  const ann = await newPayer(app)
  app.stripe.fail({ method: "POST", path: "/v1/customers", when: "after", status: "reset" })
  app.stripe.fail({ method: "POST", path: "/v1/checkout/sessions", when: "after", status: "reset" })
  const { sessionId } = await ann.subscribe()
  const customer = await ann.stripeId()
  const mine = await app.ctx.stripe.checkout.sessions.list({ customer })
  expect(mine.data.map(({ id }) => id)).toEqual([sessionId])
})

test("events of an ended subscription don't affect its successor", async () => {
  const ann = await newProPayer(app)
  const first = ann.subscription
  app.stripe.cancelNow(first)
  await ann.untilStanding({ tier: "basic" })
  await ann.becomePro()
  const isAboutFirst = ({ data }: StripeEvent) => "id" in data.object && data.object.id === first
  for (const { id } of app.stripe.events().filter(isAboutFirst)) await app.stripe.deliver(id)
  await untilQuiet(app)
  expect(await ann.standing()).toMatchObject({ tier: "pro", status: "active" })
})

test("what lapses by itself is logged when it is due", async () => {
  const ann = await newProPayer(app)
  const subscription = ann.subscription
  await untilQuiet(app)
  await withoutEvents(app, async () => app.stripe.cancelNow(subscription))
  // As if the time that is paid for were over.
  await app.query("UPDATE billing_customers SET sync_due_at = now() WHERE user_id = $1", ann.user.id)
  await ann.untilStanding({ tier: "basic", status: "canceled" })
  expect((await ann.history())[0]).toMatchObject({ tier: "basic", reason: "ended", cause: "schedule" })
})

test("an export has the subscription and the reasons for each tier", async () => {
  const ann = await newProPayer(app)
  const id = ann.subscription
  const { body } = await ann.http.get("/user/me/export")
  expect(body.subscriptions).toEqual([expect.objectContaining({ id, status: "active" })])
  expect(body.entitlements).toEqual([
    expect.objectContaining({ tier: "pro", reason: "paid", cause: "event" }),
  ])
})

test("sends around an upgrade, and around the end of Pro, are counted exactly", async () => {
  const ann = await newPayer(app)
  const [room, other] = [await createRoom(app, ann), await createRoom(app, ann)]
  const send10 = (to = room) => times(10, () => send(app, ann, to, "hello"))
  const { sessionId } = await ann.subscribe()
  const before = await send10()
  const upgrading = times(20, () => send(app, ann, room, "hello"))
  app.stripe.completeCheckout(sessionId)
  await ann.untilStanding({ tier: "pro" })
  const pro = await send10()
  expect([count(before, 202), count(pro, 202)]).toEqual([5, 10])
  const used = 15 + count(await upgrading, 202)
  expect(await promptsUsed(app, ann)).toBe(used)

  const ending = times(20, () => send(app, ann, other, "hello"))
  app.stripe.cancelNow((await ann.atStripe()).subscriptions[0]?.id as string)
  await ann.untilStanding({ tier: "basic" })
  // More than Basic's five were used already, so the very next prompt is one too many.
  expect(count(await send10(), 202)).toBe(0)
  expect(await promptsUsed(app, ann)).toBe(used + count(await ending, 202))
})

describe("a job whose lease on a customer has run out", () => {
  test("writes nothing, and ends no subscription, by what it read before", async () => {
    const ann = await newProPayer(app)
    const first = ann.subscription
    await untilQuiet(app)
    const [customerId, customer] = [await ann.customerId(), await ann.stripeId()]
    await withoutEvents(app, async () => app.stripe.createSubscription(customer, FROM_CHECKOUT))
    // Both subscriptions are read, and then what was paid for the newer takes long.
    app.stripe.fail({ method: "GET", path: "/v1/invoices", status: "slow", delayMs: 3_000 })
    const invoiceReads = () => app.stripe.calls().filter(({ path }) => path === "/v1/invoices").length
    const before = invoiceReads()
    const slow = syncCustomer(app.ctx, customerId, { kind: "reconcile" })
    await expect.poll(invoiceReads).toBe(before + 2)
    await app.query(
      "UPDATE billing_customers SET lease_until = now() - interval '1 s' WHERE id = $1",
      customerId,
    )
    await withoutEvents(app, async () => app.stripe.cancelNow(first))
    await syncCustomer(app.ctx, customerId, { kind: "reconcile" })
    await expect(slow).rejects.toThrow(LeaseLost)
    expect(await ann.notices()).toEqual([])
    expect(await ann.standing()).toMatchObject({ tier: "pro", status: "active" })
    expect(await app.query("SELECT status FROM subscriptions WHERE id = $1", first)).toEqual([
      { status: "canceled" },
    ])
  })
})

test("the entitlement log can't be changed, and is deleted with its user", async () => {
  const ann = await newProPayer(app)
  for (const change of ["UPDATE entitlement_log SET tier = 'basic'", "DELETE FROM entitlement_log"]) {
    const changing = app.query(`${change} WHERE user_id = $1`, ann.user.id)
    await expect(changing).rejects.toThrow("append-only")
  }
  await ann.http.delete("/user/me")
  const entries = () => app.query("SELECT 1 FROM entitlement_log WHERE user_id = $1", ann.user.id)
  await expect.poll(entries).toEqual([])
})
