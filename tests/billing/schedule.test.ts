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

  const QUIET = "now() - interval '31 days'"
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
    ["no quiet customer, however long ago they were read", false, { touched: QUIET, synced: QUIET }],
    ["no customer whose subscription is active", false, { status: "active" }],
    ["no customer whose subscription is over", false, { status: "canceled" }],
  ])("%s", async (_, isRead, state) => {
    const id = await insertCustomer(state)
    expect((await reconcile(app.ctx, { scope: "recent" })).failures).toEqual([])
    expect(await wasRead(id)).toBe(isRead)
  })

  test.each<[string, { daily: boolean }, State]>([
    ["a quiet customer", { daily: false }, { touched: QUIET, synced: QUIET }],
    [
      "one whose subscriptions are over",
      { daily: false },
      { touched: QUIET, synced: QUIET, status: "canceled" },
    ],
    ["one who used Checkout this month", { daily: true }, { touched: LONG_AGO }],
    ["one with a subscription", { daily: true }, { touched: QUIET, synced: QUIET, status: "active" }],
    ["one who was never read", { daily: true }, { touched: QUIET, synced: "NULL" }],
  ])("%s: daily %j, by hand in any case", async (_, { daily }, state) => {
    const id = await insertCustomer(state)
    await reconcile(app.ctx, { scope: "daily" })
    expect(await wasRead(id)).toBe(daily)
    await reconcile(app.ctx, { scope: "all" })
    expect(await wasRead(id)).toBe(true)
  })

  test("daily looks at Stripe for lost customers of this month alone", async () => {
    const before = app.stripe.calls().length
    await reconcile(app.ctx, { scope: "daily" })
    await reconcile(app.ctx, { scope: "all" })
    const lists = app.stripe
      .calls()
      .slice(before)
      .filter(({ path }) => path === "/v1/customers")
    expect(lists.map(({ query }) => /created/.test(query))).toEqual([true, false])
  })

  type State = { touched?: string; synced?: string; status?: string }

  async function insertCustomer({
    touched = LONG_AGO,
    synced = AN_HOUR_AGO,
    status,
  }: State): Promise<string> {
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
    return id
  }

  async function wasRead(id: string): Promise<boolean> {
    const sql =
      "SELECT coalesce(synced_at > now() - interval '1 minute', false) AS read FROM billing_customers WHERE id = $1"
    return (await app.query(sql, id))[0]?.read
  }
})
