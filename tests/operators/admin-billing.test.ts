import { beforeAll, expect, test } from "vitest"
import { BILLING_QUEUE } from "../../src/services/billing/billing-queue.ts"
import { newProPayer, type Payer, untilQuiet } from "../billing/kit.ts"
import { useTestApp } from "../helpers/use-app.ts"
import { readMetrics } from "./kit.ts"
import { useOtlpReceiver } from "./otlp-receiver.ts"

const receiver = useOtlpReceiver()
const app = useTestApp(() => ({ stripe: true, config: { tracing: { url: receiver.url } } }))
let ann: Payer
beforeAll(async () => {
  ann = await newProPayer(app)
  await untilQuiet(app)
})

const eventsOf = async () => (await app.admin.get("/admin/billing/events?limit=100")).body

test("a user's entitlement is shown with its reason", async () => {
  const { body } = await app.admin.get(`/admin/users/${ann.user.id}`)
  expect(body.entitlement).toMatchObject({ tier: "pro", reason: "paid", subscriptionStatus: "active" })
  expect(body.quota.limit).toBeNull()
})

test("an event is replayed: what was lost here is read from Stripe again", async () => {
  const events = await eventsOf()
  const paid = events.find(({ type }: { type: string }) => type === "customer.subscription.created")
  expect(paid).toMatchObject({ status: "handled", stripeCustomerId: await ann.stripeId() })
  await app.query("DELETE FROM subscriptions")
  const replayed = await app.admin.post(`/admin/billing/events/${paid.id}/replay`, undefined)
  expect(replayed).toMatchObject({ status: 202, body: { id: paid.id, status: "pending" } })
  await untilQuiet(app)
  const { body } = await app.admin.get(`/admin/users/${ann.user.id}`)
  expect(body.entitlement).toMatchObject({ tier: "pro", subscriptionStatus: "active" })
  const again = (await eventsOf()).find(({ id }: { id: string }) => id === paid.id)
  expect(again.status).toBe("handled")
  const { body: audit } = await app.admin.get("/admin/audit?limit=10")
  expect(audit).toContainEqual(
    expect.objectContaining({ action: "replay_billing_event", targetId: paid.id, outcome: "ok" }),
  )
  for (const [id, status] of [
    ["evt_unknown", 404],
    ["x-y", 400],
  ])
    expect((await app.admin.post(`/admin/billing/events/${id}/replay`, undefined)).status).toBe(status)
})

test("an event replayed twice while its customer is leased has two jobs", async () => {
  const paid = (await eventsOf()).find(
    ({ type }: { type: string }) => type === "customer.subscription.created",
  )
  await app.query("UPDATE billing_customers SET lease_until = now() + interval '1 minute'")
  const billing = app.ctx.inspectQueues().find(({ name }) => name === BILLING_QUEUE)
  const replays = async () =>
    (await billing?.getJobs())?.filter(({ id }) => id?.startsWith(`${paid.id}.replay-`)).length
  for (let n = 0; n < 2; n++) await app.admin.post(`/admin/billing/events/${paid.id}/replay`, undefined)
  await expect.poll(replays).toBe(2)
  await app.query("UPDATE billing_customers SET lease_until = NULL")
  await untilQuiet(app)
})

test("billing is counted by kind of event and by outcome", async () => {
  const metrics = readMetrics((await app.admin.get("/metrics")).body)
  const received = metrics.sum("chat_billing_events_received_total", { class: "customer.subscription" })
  expect(received).toBeGreaterThan(0)
  expect(metrics.sum("chat_billing_events_handled_total", { outcome: "handled" })).toBeGreaterThan(0)
  expect(metrics.sum("chat_billing_syncs_total", { outcome: "changed" })).toBeGreaterThan(0)
  expect(metrics.sum("chat_entitlements_changed_total", { tier: "pro", reason: "paid" })).toBeGreaterThan(0)
})

test("a checkout and a webhook are traces that reach to the calls of Stripe, without its ids or keys", async () => {
  const tracesOf = (name: string) => {
    const spans = receiver.spans()
    const begun = new Set(spans.filter((span) => span.name === name).map(({ traceId }) => traceId))
    return [...begun].map((id) => spans.filter(({ traceId }) => traceId === id).map((span) => span.name))
  }
  await expect
    .poll(() => tracesOf("POST /subscribe/pro"))
    .toContainEqual(expect.arrayContaining(["POST stripe /v1/checkout/sessions"]))
  // A job may find that another has done its work, and ask Stripe nothing.
  await expect
    .poll(() => tracesOf("POST /webhook/stripe"))
    .toContainEqual(
      expect.arrayContaining(["process billing-queue", expect.stringMatching(/^GET stripe \/v1/)]),
    )
  for (const secret of ["sk_test", "whsec_", "cus_", "sub_", ann.mobileNumber.slice(1)])
    expect(receiver.raw().includes(secret), secret).toBe(false)
})
