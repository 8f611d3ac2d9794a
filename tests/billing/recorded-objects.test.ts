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
  const line = (end: number, price?: string) => ({
    period: { start: 0, end },
    ...(price && { pricing: { price_details: { price, product: "prod" } } }),
  })

  test.each([
    ["a line of Pro", [line(END, PRO)], END],
    ["the longest of Pro's lines", [line(END - 9, PRO), line(END, PRO)], END],
    ["not something else that runs longer", [line(END, PRO), line(END + 9, "price_of_mugs")], END],
    ["nothing where no line is Pro's", [line(END, "price_of_mugs")], null],
    ["Pro where a line names no price", [line(END)], END],
  ])("%s", async (_, data, end) => {
    answers = {
      "GET /v1/subscriptions": {
        body: listOf("/v1/subscriptions", [
          {
            id: "sub_1",
            status: "active",
            livemode: false,
            created: 1,
            items: { data: [{ price: { id: PRO }, current_period_end: END }] },
          },
        ]),
      },
      "GET /v1/invoices": {
        body: listOf("/v1/invoices", [{ id: "in_1", created: 1, amount_paid: 0, lines: { data } }]),
      },
    }
    const [found] = await readSubscriptions(app.ctx.stripe, "cus_1", [PRO])
    expect(found?.paidUntil).toEqual(end === null ? null : new Date(end * 1000))
  })
})
