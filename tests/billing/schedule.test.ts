import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { isHandled } from "../../src/services/billing/event-types.ts"
import { reconcile } from "../../src/services/billing/reconcile.ts"
import { newId } from "../../src/utils/ids.ts"
import { SECOND } from "../../src/utils/time.ts"
import { signIn, startTestApp, type TestApp } from "../helpers/app.ts"
import { subscribe, untilStanding, withoutEvents } from "./kit.ts"

test.each([
  "checkout.session.completed",
  "checkout.session.async_payment_succeeded",
  "checkout.session.async_payment_failed",
  "checkout.session.expired",
  "customer.subscription.created",
  "customer.subscription.updated",
  "customer.subscription.deleted",
  "customer.subscription.paused",
  "customer.subscription.resumed",
  "customer.subscription.trial_will_end",
  "customer.subscription.pending_update_applied",
  "invoice.paid",
  "invoice.payment_succeeded",
  "invoice.payment_failed",
  "invoice.payment_action_required",
  "charge.refunded",
  "charge.dispute.created",
  "charge.dispute.closed",
  "charge.dispute.funds_withdrawn",
  "charge.dispute.funds_reinstated",
  "refund.failed",
  "customer.deleted",
])("%s makes us ask Stripe", (type) => expect(isHandled(type)).toBe(true))

test.each([
  "customer.created",
  "invoice.created",
  "payment_method.attached",
  "product.updated",
  "charge.failed",
])("%s is stored and left alone", (type) => expect(isHandled(type)).toBe(false))

describe("without an event", () => {
  let app: TestApp
  beforeAll(async () => {
    app = await startTestApp({ stripe: true, config: { stripe: { reconcileMs: 1 * SECOND } } })
  })
  afterAll(() => app.close())

  test("the schedule finds who has paid", async () => {
    const ann = await signIn(app)
    const { sessionId } = await subscribe(app, ann)
    await withoutEvents(app, async () => app.stripe.completeCheckout(sessionId))
    await untilStanding(app, ann, { tier: "pro", status: "active" })
    const { body } = await app.http.get("/subscription/history", { token: ann.token })
    expect(body).toMatchObject([{ tier: "pro", cause: "reconcile", eventId: null }])
  })
})

describe("a recent reconciliation reads", () => {
  let app: TestApp
  beforeAll(async () => {
    app = await startTestApp({ stripe: true, worker: false })
  })
  afterAll(() => app.close())

  const LONG_AGO = "now() - interval '3 days'"
  test.each([
    ["who was in touch within a day", true, { touched: "now() - interval '23 hours'" }],
    ["who is past due", true, { status: "past_due" }],
    ["whose first payment is open", true, { status: "incomplete" }],
    ["who hasn't paid for long", true, { status: "unpaid" }],
    ["who is paused", true, { status: "paused" }],
    ["whom nobody has read yet", true, { synced: "NULL" }],
    ["whom nobody has read for a day", true, { synced: "now() - interval '26 hours'" }],
    ["nobody whose subscription just runs", false, { status: "active" }],
    ["nobody whose subscription is over", false, { status: "canceled" }],
  ] as const)("%s", async (_, isRead, customer) => {
    const {
      touched = LONG_AGO,
      synced = "now() - interval '1 hour'",
      status = null,
    } = customer as {
      touched?: string
      synced?: string
      status?: string | null
    }
    const [id, user] = [newId(), await signIn(app)]
    const { id: stripeId } = app.stripe.createCustomer()
    await app.pool.query(
      `INSERT INTO billing_customers (id, user_id, stripe_id, touched_at, synced_at)
       VALUES ($1, $2, $3, ${touched}, ${synced})`,
      [id, user.user.id, stripeId],
    )
    if (status)
      await app.pool.query(
        "INSERT INTO subscriptions (id, customer_id, status, livemode, created_at) VALUES ($1, $2, $3, false, now())",
        [`sub_${id}`, id, status],
      )
    const { failures } = await reconcile(app.ctx, { scope: "recent" })
    expect(failures).toEqual([])
    const { rows } = await app.pool.query(
      "SELECT coalesce(synced_at > now() - interval '1 minute', false) AS read FROM billing_customers WHERE id = $1",
      [id],
    )
    expect(rows).toEqual([{ read: isRead }])
  })
})
