import { describe, expect, test } from "vitest"
import { reconcile } from "../../src/services/billing/reconcile.ts"
import { DAY } from "../../src/utils/time.ts"
import { times, until } from "../helpers/answers.ts"
import { useTestApp } from "../helpers/use-app.ts"
import { FROM_CHECKOUT, newPayer, newProPayer, type Payer, passTime, untilQuiet } from "./kit.ts"

const app = useTestApp({
  stripe: true,
  timing: { billing: { sweepMs: 200, firstRetryMs: 200, stripeRetryMs: 50 } },
})

/** Deletes the user, and waits until the user is gone. @returns our id of the customer, and Stripe's */
async function leave(payer: Payer) {
  const left = { id: await payer.customerId(), stripeId: await payer.stripeId() }
  // Stripe's times are whole seconds: a payment in the second of the deletion counts as one after it.
  await passTime(app, { hours: 1 })
  expect((await payer.http.delete("/user/me")).status).toBe(202)
  await until(async () =>
    expect(await app.query("SELECT 1 FROM users WHERE id = $1", payer.user.id)).toEqual([]),
  )
  await untilQuiet(app)
  return left
}

type Left = Awaited<ReturnType<typeof leave>>

const look = async ({ id }: Left) => {
  const { failures } = await reconcile(app.ctx, { scope: { customerId: id } })
  return failures.length
}
const rowOf = async ({ id }: Left) =>
  (await app.query("SELECT * FROM billing_customers WHERE id = $1", id))[0]
const isDeleted = ({ stripeId }: Left) => app.stripe.oracle(stripeId).deleted
const deletions = ({ stripeId }: Left) =>
  app.stripe.calls().filter(({ method, path }) => method === "DELETE" && path === `/v1/customers/${stripeId}`)

describe("the Stripe customer of a deleted user", () => {
  test("is kept for 30 days, and then deleted once, whoever looks and how often", async () => {
    const left = await leave(await newProPayer(app))
    const { closed_at, sync_due_at, deleted_at } = await rowOf(left)
    expect(deleted_at).toBeNull()
    // When it is due is measured by the calendar, which is ahead, from now on.
    const [{ now }] = await app.query("SELECT app_now() - now() + $1::timestamptz AS now", sync_due_at)
    expect(Math.abs(now.getTime() - closed_at.getTime() - 30 * DAY)).toBeLessThan(60_000)
    await passTime(app, { days: 29 })
    expect(await look(left)).toBe(0)
    expect(isDeleted(left)).toBe(false)
    await passTime(app, { days: 2 })
    await times(4, () => look(left))
    await look(left)
    expect(isDeleted(left)).toBe(true)
    expect(deletions(left)).toHaveLength(1)
    expect(await rowOf(left)).toMatchObject({ deleted_at: expect.any(Date), checkout_session_id: null })
    expect(app.logs()).toContain('"event":"customer_deleted"')
  })

  test("is deleted by itself, without anybody's call", async () => {
    const left = await leave(await newProPayer(app))
    await app.query(
      "UPDATE billing_customers SET closed_at = closed_at - interval '31 days', sync_due_at = now() WHERE id = $1",
      left.id,
    )
    await expect.poll(() => isDeleted(left)).toBe(true)
    const done = { deleted_at: expect.any(Date), sync_due_at: null, failures: 0 }
    await until(async () => expect(await rowOf(left)).toMatchObject(done))
  })

  test("is deleted also if they only looked at the page", async () => {
    const payer = await newPayer(app)
    await payer.subscribe()
    const left = await leave(payer)
    await passTime(app, { days: 31 })
    await look(left)
    expect(isDeleted(left)).toBe(true)
  })

  test("stays while a subscription goes on that Checkout didn't make, which deleting would end", async () => {
    const payer = await newProPayer(app)
    const other = app.stripe.createSubscription(await payer.stripeId())
    await untilQuiet(app)
    const left = await leave(payer)
    await passTime(app, { days: 31 })
    await untilQuiet(app)
    await look(left)
    expect(isDeleted(left)).toBe(false)
    const { sync_due_at } = await rowOf(left)
    expect(sync_due_at.getTime() - Date.now()).toBeLessThanOrEqual(DAY)
    app.stripe.cancelNow(other.id)
    await untilQuiet(app)
    expect(isDeleted(left)).toBe(true)
    expect(deletions(left)).toHaveLength(1)
  })

  test("is tried again while Stripe fails", async () => {
    const left = await leave(await newProPayer(app))
    // More than one look asks for; first, since the service looks by itself as soon as it is time.
    app.stripe.fail({ method: "DELETE", path: `/v1/customers/${left.stripeId}`, status: 500, times: 4 })
    await passTime(app, { days: 31 })
    await look(left)
    await expect.poll(() => isDeleted(left)).toBe(true)
    expect(deletions(left)).toHaveLength(5)
    await until(async () => expect((await rowOf(left)).deleted_at).not.toBeNull())
  })

  test("whom Stripe has deleted already is taken for deleted", async () => {
    const left = await leave(await newProPayer(app))
    await passTime(app, { days: 31 })
    app.stripe.deleteCustomer(left.stripeId)
    await look(left)
    expect((await rowOf(left)).deleted_at).not.toBeNull()
    expect(deletions(left)).toEqual([])
  })

  test("that an operator has put in its place stays", async () => {
    const left = await leave(await newProPayer(app))
    const { id: replaced } = app.stripe.createCustomer()
    await app.query("UPDATE billing_customers SET stripe_id = $2 WHERE id = $1", left.id, replaced)
    await passTime(app, { days: 31 })
    await look(left)
    expect(app.stripe.oracle(replaced).deleted).toBe(false)
    expect((await rowOf(left)).deleted_at).toBeNull()
  })
})

describe("a payment that arrives after all", () => {
  test("before the customer is deleted, is refunded, and the customer still goes in time", async () => {
    const left = await leave(await newProPayer(app))
    await passTime(app, { days: 20 })
    app.stripe.createSubscription(left.stripeId, FROM_CHECKOUT)
    await untilQuiet(app)
    expect(app.stripe.oracle(left.stripeId).refunds).toHaveLength(1)
    await passTime(app, { days: 11 })
    await look(left)
    expect(isDeleted(left)).toBe(true)
  })

  test("after it, finds its way back, too", async () => {
    const payer = await newPayer(app)
    const { sessionId } = await payer.subscribe()
    app.stripe.completeCheckout(sessionId, { async: "pending" })
    await untilQuiet(app)
    const left = await leave(payer)
    await passTime(app, { days: 31 })
    await look(left)
    expect(isDeleted(left)).toBe(true)
    app.stripe.completeCheckout(sessionId, { async: "succeed" })
    await untilQuiet(app)
    expect(app.stripe.oracle(left.stripeId).refunds).toHaveLength(1)
    expect(await app.query("SELECT kind FROM billing_notices WHERE customer_id = $1", left.id)).toEqual([
      { kind: "payment_refunded" },
    ])
  })
})
