import { describe, expect, test } from "vitest"
import { reconcile } from "../../src/services/billing/reconcile.ts"
import { newId } from "../../src/utils/ids.ts"
import { SECOND } from "../../src/utils/time.ts"
import { useTestApp } from "../helpers/use-app.ts"
import { newPayer, withoutEvents } from "./kit.ts"

describe("without an event", () => {
  const app = useTestApp({ stripe: true, config: { stripe: { reconcileMs: 1 * SECOND } } })

  test("the schedule finds a payment", async () => {
    const ann = await newPayer(app)
    const { sessionId } = await ann.subscribe()
    await withoutEvents(app, async () => app.stripe.completeCheckout(sessionId))
    await ann.untilStanding({ tier: "pro", status: "active" })
    const { body } = await ann.http.get("/subscription/history")
    expect(body).toMatchObject([{ tier: "pro", cause: "reconcile", eventId: null }])
  })
})

describe("a recent reconciliation reads", () => {
  const app = useTestApp({ stripe: true, worker: false })

  const LONG_AGO = "now() - interval '3 days'"
  const AN_HOUR_AGO = "now() - interval '1 hour'"
  test.each<[string, boolean, { touched?: string; synced?: string; status?: string }]>([
    ["customers touched within a day", true, { touched: "now() - interval '23 hours'" }],
    ["customers past due", true, { status: "past_due" }],
    ["customers whose first payment is open", true, { status: "incomplete" }],
    ["customers unpaid for long", true, { status: "unpaid" }],
    ["paused customers", true, { status: "paused" }],
    ["customers never read", true, { synced: "NULL" }],
    ["customers not read for a day", true, { synced: "now() - interval '26 hours'" }],
    ["no customer whose subscription is active", false, { status: "active" }],
    ["no customer whose subscription is over", false, { status: "canceled" }],
  ])("%s", async (_, isRead, { touched = LONG_AGO, synced = AN_HOUR_AGO, status = null }) => {
    const [id, user] = [newId(), await newPayer(app)]
    const { id: stripeId } = app.stripe.createCustomer()
    await app.query(
      `INSERT INTO billing_customers (id, user_id, stripe_id, touched_at, synced_at)
       VALUES ($1, $2, $3, ${touched}, ${synced})`,
      id,
      user.user.id,
      stripeId,
    )
    if (status)
      await app.query(
        "INSERT INTO subscriptions (id, customer_id, status, livemode, created_at) VALUES ($1, $2, $3, false, now())",
        `sub_${id}`,
        id,
        status,
      )
    const { failures } = await reconcile(app.ctx, { scope: "recent" })
    expect(failures).toEqual([])
    const sql =
      "SELECT coalesce(synced_at > now() - interval '1 minute', false) AS read FROM billing_customers WHERE id = $1"
    expect(await app.query(sql, id)).toEqual([{ read: isRead }])
  })
})
