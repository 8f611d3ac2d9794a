import { createHmac } from "node:crypto"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { times } from "../helpers/answers.ts"
import { startTestApp, WEBHOOK_SECRET } from "../helpers/app.ts"
import { useTestApp } from "../helpers/use-app.ts"
import { newProPayer, untilQuiet, withoutEvents } from "./kit.ts"

type ProPayer = Awaited<ReturnType<typeof newProPayer>>

const OLD_SECRET = "whsec_the_one_before"
const app = useTestApp({
  stripe: true,
  config: { stripe: { webhookSecrets: [WEBHOOK_SECRET, OLD_SECRET] } },
})

const INVOICE = { id: "in_1", object: "invoice", customer: "cus_nobody" }

let counter = 0
const anEvent = (over: object = {}) => ({
  id: `evt_test_${process.pid}_${counter++}`,
  object: "event",
  type: "invoice.paid",
  api_version: "2026-10-28.endive",
  created: Math.floor(Date.now() / 1000),
  livemode: false,
  data: { object: INVOICE },
  ...over,
})

function sign(body: string, { secret = WEBHOOK_SECRET, at = Math.floor(Date.now() / 1000) } = {}) {
  return `t=${at},v1=${createHmac("sha256", secret).update(`${at}.${body}`).digest("hex")}`
}

function deliver(body: string, signature = sign(body)) {
  const headers = { "Content-Type": "application/json; charset=utf-8", "Stripe-Signature": signature }
  return app.http.post("/webhook/stripe", body, { headers })
}

const stored = async (id: string) => (await app.query("SELECT * FROM billing_events WHERE id = $1", id))[0]

const countEvents = () => app.query("SELECT count(*) FROM billing_events")

test("an event is stored once, however often it comes", async () => {
  const event = anEvent()
  const body = JSON.stringify(event)
  for (const answer of await times(20, () => deliver(body)))
    expect([answer.status, answer.body]).toEqual([200, { received: true }])
  expect(await stored(event.id)).toMatchObject({ type: "invoice.paid", stripe_customer_id: "cus_nobody" })
})

test("both secrets are good while one replaces the other", async () => {
  const body = JSON.stringify(anEvent())
  expect((await deliver(body, sign(body, { secret: OLD_SECRET }))).status).toBe(200)
})

test("a stored event holds nothing of its object but ids", async () => {
  const object = { id: "cs_1", object: "checkout.session", customer: "cus_x", customer_email: "a@b.example" }
  const event = anEvent({ type: "checkout.session.completed", data: { object } })
  await deliver(JSON.stringify(event))
  expect(JSON.stringify(await stored(event.id))).not.toContain("a@b.example")
})

describe("refused with 400, and nothing written", () => {
  const body = JSON.stringify(anEvent())
  const minutesAgo = (minutes: number) => Math.floor(Date.now() / 1000) - 60 * minutes
  test.each<[string, () => ReturnType<typeof deliver>]>([
    ["no signature", () => app.http.post("/webhook/stripe", body)],
    ["another secret", () => deliver(body, sign(body, { secret: "whsec_other" }))],
    ["a changed byte", () => deliver(body.replace("cus_nobody", "cus_nobodx"), sign(body))],
    ["a re-serialised body", () => deliver(JSON.stringify(JSON.parse(body), null, 2), sign(body))],
    ["an old timestamp", () => deliver(body, sign(body, { at: minutesAgo(6) }))],
    ["a signature of another scheme", () => deliver(body, sign(body).replace("v1=", "v0="))],
    ["a malformed signature", () => deliver(body, "t=,v1=")],
    ["a signature of a megabyte less", () => deliver(body, `t=1,v1=${"0".repeat(8_000)}`)],
    ["an empty body", () => deliver("", sign(""))],
    ["no JSON", () => deliver("{", sign("{"))],
    ["JSON that is no event", () => deliver("[1]", sign("[1]"))],
    ["an id of 300 characters", () => deliver(JSON.stringify(anEvent({ id: "e".repeat(300) })))],
    ["an id that no text can hold", () => deliver(JSON.stringify(anEvent({ id: "evt_\u0000" })))],
    ["a timestamp an hour ahead", () => deliver(body, sign(body, { at: minutesAgo(-60) }))],
    ["one behind another timestamp", () => deliver(body, `t=1,${sign(body, { at: minutesAgo(-60) })}`)],
    ["one behind a space", () => deliver(body, sign(body, { at: minutesAgo(-60) }).replace("t=", "t= "))],
  ])("%s", async (_, send) => {
    const before = await countEvents()
    const { status, body: problem } = await send()
    expect(status).toBe(400)
    expect(problem.code).toMatch(/^(?:bad_signature|invalid_request)$/)
    expect(await countEvents()).toEqual(before)
  })
})

test("a signed body over 1 MiB is a 413, and nothing is written", async () => {
  const before = await countEvents()
  const { status, body } = await deliver(JSON.stringify(anEvent({ filler: "x".repeat(1024 * 1024) })))
  expect([status, body.code]).toEqual([413, "payload_too_large"])
  expect(await countEvents()).toEqual(before)
})

test("a clock of Stripe's that is some minutes ahead is taken", async () => {
  const body = JSON.stringify(anEvent())
  const at = Math.floor(Date.now() / 1000) + 4 * 60
  expect((await deliver(body, sign(body, { at }))).status).toBe(200)
})

describe("a thin event", () => {
  const thin = (type: string, id: string) => ({
    object: "v2.core.event",
    data: undefined,
    created: "2026-11-22T10:00:00.000Z",
    type: `v1.${type}`,
    related_object: { id, type: "as Stripe names it", url: "/v1/x" },
  })
  /** What the newest subscription of the customer leads to, by kind of object. */
  async function objectsOf(user: ProPayer) {
    const subscription = await app.ctx.stripe.subscriptions.retrieve(user.subscription)
    const { data } = await app.ctx.stripe.charges.list({ customer: await user.stripeId() })
    const { data: sessions } = await app.ctx.stripe.checkout.sessions.list({
      subscription: user.subscription,
    })
    return {
      subscription: subscription.id,
      invoice: String(subscription.latest_invoice),
      charge: data[0]?.id ?? "",
      session: sessions[0]?.id ?? "",
    }
  }
  test.each([
    ["customer.subscription.past_due", "subscription"],
    ["invoice.paid", "invoice"],
    ["charge.refunded", "charge"],
    ["checkout.session.completed", "session"],
  ] as const)("v1.%s leads to the customer of its %s", async (type, kind) => {
    const ann = await newProPayer(app)
    await untilQuiet(app)
    const event = anEvent(thin(type, (await objectsOf(ann))[kind]))
    await withoutEvents(app, async () => app.stripe.cancelNow(ann.subscription))
    expect((await deliver(JSON.stringify(event))).status).toBe(200)
    await ann.untilStanding({ tier: "basic", status: "canceled" })
    expect((await ann.history())[0]).toMatchObject({ cause: "event", eventId: event.id })
  })
})

describe("events of another product on the same account", () => {
  const reads = (path: string) => app.stripe.calls().filter((call) => call.path.startsWith(path)).length
  async function deliverAll(events: { id: string }[]) {
    for (const event of events) expect((await deliver(JSON.stringify(event))).status).toBe(200)
    for (const { id } of events) await expect.poll(async () => (await stored(id))?.status).toBe("unmatched")
  }

  test("ask Stripe for their customer once a day, whatever there are", async () => {
    const { id: customer } = app.stripe.createCustomer()
    const paid = () => anEvent({ data: { object: { ...INVOICE, customer } } })
    await deliverAll([paid()])
    await deliverAll([paid(), paid(), paid()])
    expect(reads(`/v1/customers/${customer}`)).toBe(1)
    await app.query("UPDATE billing_strangers SET seen_at = app_now() - interval '25 hours'")
    await deliverAll([paid()])
    expect(reads(`/v1/customers/${customer}`)).toBe(2)
  })

  test("about a dispute ask for it once", async () => {
    const { id: customer } = app.stripe.createCustomer()
    const subscription = app.stripe.createSubscription(customer)
    const { id } = await withoutEvents(app, async () => app.stripe.dispute(subscription.id))
    const about = () =>
      anEvent({ type: "charge.dispute.updated", data: { object: { id, object: "dispute" } } })
    await deliverAll([about()])
    await deliverAll([about(), about()])
    expect(reads(`/v1/disputes/${id}`)).toBe(1)
  })
})

describe("signed by Stripe and strange", () => {
  test.each<[string, object]>([
    [
      "a thin event",
      {
        object: "v2.core.event",
        data: undefined,
        created: "2026-11-22T10:00:00.000Z",
        type: "v1.customer.subscription.past_due",
        related_object: { id: "sub_1", type: "subscription", url: "/v1/x" },
      },
    ],
    ["an unknown type", { type: "some.thing.new" }],
    [
      "an unknown status in a subscription",
      {
        type: "customer.subscription.updated",
        data: { object: { ...INVOICE, id: "sub_1", object: "subscription", status: "hibernating" } },
      },
    ],
    [
      "an expanded customer",
      { data: { object: { ...INVOICE, customer: { id: "cus_nobody", object: "customer" } } } },
    ],
    ["no customer", { data: { object: { ...INVOICE, customer: null } } }],
    ["data of another shape", { data: [1, 2] }],
    ["a customer that is a number", { data: { object: { id: "in_4", customer: 7 } } }],
    ["no time", { created: undefined }],
    [
      "a dispute of an unknown charge",
      {
        type: "charge.dispute.created",
        data: { object: { id: "dp_none", object: "dispute", charge: "ch_none" } },
      },
    ],
  ])("%s is stored and done with", async (_, over) => {
    const event = anEvent(over)
    expect((await deliver(JSON.stringify(event))).status).toBe(200)
    await expect.poll(async () => (await stored(event.id))?.status).toMatch(/^(?:ignored|unmatched)$/)
  })
})

test("without the database Stripe gets a 5xx, so that it retries", async () => {
  const other = await startTestApp({ beside: app, worker: false })
  await other.ctx.db.pool.end()
  const body = JSON.stringify(anEvent())
  const headers = { "Stripe-Signature": sign(body) }
  const { status } = await other.http.post("/webhook/stripe", body, { headers })
  expect(status).toBeGreaterThanOrEqual(500)
  await other.close().catch(() => undefined)
})

const RECORDED = process.env.RECORDINGS && join(process.env.RECORDINGS, "stripe", "events")
const recordings =
  RECORDED && existsSync(RECORDED) ? readdirSync(RECORDED).filter((name) => name.endsWith(".json")) : []

/** Some hold a whole event, some its `data` alone. */
function toEvent(name: string) {
  const recorded = JSON.parse(readFileSync(join(RECORDED as string, name), "utf8"))
  if (recorded.object === "event") return { ...recorded, id: `${recorded.id}_${counter++}` }
  return anEvent({
    type: name.replace(/\.json$/, ""),
    data: typeof recorded.object === "string" ? { object: recorded } : recorded,
  })
}

test.skipIf(recordings.length === 0).each(recordings)("the recording %s is read", async (name) => {
  const event = toEvent(name)
  expect((await deliver(JSON.stringify(event))).status).toBe(200)
  await expect.poll(async () => (await stored(event.id))?.status).toMatch(/^(?:unmatched|ignored)$/)
  const { customer = null } = event.data.object
  const customerId = typeof customer === "string" ? customer : (customer?.id ?? null)
  if (customerId !== null) expect((await stored(event.id)).stripe_customer_id).toBe(customerId)
})
