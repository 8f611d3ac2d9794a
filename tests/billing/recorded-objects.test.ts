import { once } from "node:events"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { readSubscriptions } from "../../src/services/billing/read-subscriptions.ts"
import { startTestApp, type TestApp } from "../helpers/app.ts"
import { newPayer } from "./kit.ts"

const FOLDER = process.env.RECORDINGS && join(process.env.RECORDINGS, "stripe", "pay")
const read = (name: string) => JSON.parse(readFileSync(join(FOLDER as string, name), "utf8"))
const recorded =
  FOLDER && existsSync(FOLDER)
    ? readdirSync(FOLDER)
        .filter((name) => name.endsWith(".json") && !name.endsWith(".meta.json"))
        .map((name) => ({ name, body: read(name), meta: read(name.replace(/\.json$/, ".meta.json")) }))
    : []
const of = (object: string) => recorded.filter(({ body }) => body.object === object).map(({ body }) => body)
const [subscriptions, invoices] = [of("subscription"), of("invoice")]
const [customers, sessions] = [of("customer"), of("checkout.session")]
const errors = recorded.filter(({ body }) => "error" in body)

interface Line {
  period: { end: number }
  pricing?: { price_details?: { price: string } | null } | null
}

/** What Stripe says in this test, by method and path; a list that isn't here is empty. */
let answers: Record<string, { status?: number; body: unknown }> = {}
const listOf = (url: string, data: unknown[]) => ({ object: "list", url, has_more: false, data })
const server = createServer((req, res) => {
  const path = new URL(req.url as string, "http://localhost").pathname
  const { status = 200, body } = answers[`${req.method} ${path}`] ?? { body: listOf(path, []) }
  res.statusCode = status
  res.setHeader("Content-Type", "application/json").end(JSON.stringify(body))
})
let app: TestApp
beforeAll(async () => {
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  app = await startTestApp({ worker: false, config: { stripe: { baseUrl: `http://127.0.0.1:${port}` } } })
})
afterAll(async () => {
  await app.close()
  server.close()
})

describe.skipIf(recorded.length === 0)("recorded objects (RECORDINGS names the folder)", () => {
  test("every subscription is read, with the recorded invoices", async () => {
    expect(subscriptions.length).toBeGreaterThan(0)
    for (const subscription of subscriptions) {
      const { id, status, items, livemode } = subscription
      const [{ price, current_period_end }] = items.data
      answers = {
        "GET /v1/subscriptions": { body: listOf("/v1/subscriptions", [subscription]) },
        "GET /v1/invoices": { body: listOf("/v1/invoices", invoices) },
      }
      const found = await readSubscriptions(app.ctx.stripe, "cus_recorded", [price.id])
      expect(found).toMatchObject([{ id, status, livemode, priceId: price.id, withheld: null }])
      expect(found[0]?.currentPeriodEnd).toEqual(new Date(current_period_end * 1000))
    }
  })

  test("every invoice pays for the price that its lines name, and for no other", async () => {
    expect(invoices.length).toBeGreaterThan(0)
    const [subscription] = subscriptions
    answers = { "GET /v1/subscriptions": { body: listOf("/v1/subscriptions", [subscription]) } }
    for (const invoice of invoices) {
      const lines: Line[] = invoice.lines.data
      const prices = lines.flatMap(({ pricing }) => pricing?.price_details?.price ?? [])
      const unnamed = lines.filter(({ pricing }) => !pricing?.price_details)
      answers["GET /v1/invoices"] = { body: listOf("/v1/invoices", [invoice]) }
      for (const price of [...prices, "price_of_something_else"]) {
        const counted = [
          ...lines.filter(({ pricing }) => pricing?.price_details?.price === price),
          ...unnamed,
        ]
        const ends = counted.map(({ period }) => period.end * 1000)
        const [found] = await readSubscriptions(app.ctx.stripe, "cus_recorded", [price])
        expect(found?.paidUntil).toEqual(ends.length > 0 ? new Date(Math.max(...ends)) : null)
      }
    }
  })

  test("a customer and a session make a Checkout page", async () => {
    const ann = await newPayer(app)
    answers = {
      "POST /v1/customers": { body: customers[0] },
      "POST /v1/checkout/sessions": { body: sessions[0] },
    }
    const { status, body } = await ann.http.post("/subscribe/pro")
    expect([status, body]).toEqual([200, { url: sessions[0].url, sessionId: sessions[0].id }])
    expect(await ann.stripeId()).toBe(customers[0].id)
  })

  test.each(errors)("$name is a 503 for the user, and nothing is half made", async ({ body, meta }) => {
    const ann = await newPayer(app)
    answers = { "POST /v1/customers": { status: meta.response.status, body } }
    const answer = await ann.http.post("/subscribe/pro")
    expect(answer).toMatchObject({ status: 503, body: { code: "unavailable" } })
    expect(await ann.stripeId()).toBeNull()
  })
})

describe("what an invoice pays for", () => {
  const PRO = "price_pro"
  const END = 1_800_000_000
  const line = (end: number, price?: string, amount = 2000) => ({
    amount,
    period: { start: 0, end },
    ...(price && { pricing: { price_details: { price, product: "prod" } } }),
  })
  const invoice = (id: string, created: number, data: object[], has_more = false) => ({
    ...{ id, created, amount_paid: 0 },
    lines: { data, has_more },
  })
  const aSubscription = (items: object[], has_more = false) => ({
    ...{ id: "sub_1", status: "active", livemode: false, created: 1 },
    items: { data: items, has_more },
  })
  const item = (price: string) => ({ price: { id: price }, current_period_end: END })

  async function paidUntil(invoices: object[], more: typeof answers = {}): Promise<number | null> {
    answers = {
      "GET /v1/subscriptions": { body: listOf("/v1/subscriptions", [aSubscription([item(PRO)])]) },
      "GET /v1/invoices": { body: listOf("/v1/invoices", invoices) },
      ...more,
    }
    const [found] = await readSubscriptions(app.ctx.stripe, "cus_1", [PRO])
    return found?.paidUntil ? found.paidUntil.getTime() / 1000 : null
  }

  test.each([
    ["a line of Pro", [line(END, PRO)], END],
    ["the longest of Pro's lines", [line(END - 9, PRO), line(END, PRO)], END],
    ["not something else that runs longer", [line(END, PRO), line(END + 9, "price_of_mugs")], END],
    ["nothing where no line is Pro's", [line(END, "price_of_mugs")], null],
    ["Pro where a line names no price", [line(END)], END],
    [
      "not a credit, however long the period that it gives back",
      [line(END + 9, PRO, -900), line(END, PRO)],
      END,
    ],
    ["nothing where Pro is only credited", [line(END, PRO, -900)], null],
    ["a trial's line of nothing", [line(END, PRO, 0)], END],
  ])("%s", async (_, data, end) => {
    expect(await paidUntil([invoice("in_1", 1, data)])).toBe(end)
  })

  test("the month's, with six others after it", async () => {
    const others = Array.from({ length: 6 }, (_, n) =>
      invoice(`in_${n}`, 20 - n, [line(END + 9, "price_of_mugs")]),
    )
    expect(await paidUntil([...others, invoice("in_month", 1, [line(END, PRO)])])).toBe(END)
  })

  test("a month after a year: the newest, whose credit has taken the year back", async () => {
    const month = invoice("in_month", 9, [line(END + 999, PRO, -18_000), line(END, PRO)])
    expect(await paidUntil([month, invoice("in_year", 1, [line(END + 999, PRO, 20_000)])])).toBe(END)
  })

  test("its line behind ten others, which come with another page", async () => {
    const ten = Array.from({ length: 10 }, () => line(END + 9, "price_of_mugs"))
    const path = "/v1/invoices/in_1/lines"
    const more = { [`GET ${path}`]: { body: listOf(path, [...ten, line(END, PRO)]) } }
    expect(await paidUntil([invoice("in_1", 1, ten, true)], more)).toBe(END)
  })

  test("the item of Pro behind ten others", async () => {
    const ten = Array.from({ length: 10 }, () => item("price_of_mugs"))
    const more = {
      "GET /v1/subscriptions": { body: listOf("/v1/subscriptions", [aSubscription(ten, true)]) },
      "GET /v1/subscription_items": { body: listOf("/v1/subscription_items", [...ten, item(PRO)]) },
    }
    expect(await paidUntil([invoice("in_1", 1, [line(END, PRO)])], more)).toBe(END)
  })
})
