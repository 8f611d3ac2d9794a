import { once } from "node:events"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import Stripe from "stripe"
import { afterAll, beforeAll, expect, test } from "vitest"
import { readSubscriptions } from "../../src/services/billing/read-subscriptions.ts"

const FOLDER = process.env.RECORDINGS && join(process.env.RECORDINGS, "stripe", "pay")
const recorded =
  FOLDER && existsSync(FOLDER)
    ? readdirSync(FOLDER)
        .filter((name) => name.endsWith(".json") && !name.endsWith(".meta.json"))
        .map((name) => ({ name, object: JSON.parse(readFileSync(join(FOLDER, name), "utf8")) }))
    : []
const subscriptions = recorded.filter(({ object }) => object.object === "subscription")
const invoices = recorded.filter(({ object }) => object.object === "invoice").map(({ object }) => object)

/** Answers with what Stripe has said once: one subscription, and all recorded invoices as its own. */
let current: { object: Stripe.Subscription } | undefined
const listOf = (url: string, data: unknown[]) =>
  JSON.stringify({ object: "list", url, has_more: false, data })
const server = createServer((req, res) => {
  const path = new URL(req.url as string, "http://localhost").pathname
  const data = { "/v1/subscriptions": [current?.object], "/v1/invoices": invoices }[path] ?? []
  res.setHeader("Content-Type", "application/json").end(listOf(path, data))
})
let stripe: Stripe
beforeAll(async () => {
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  stripe = new Stripe("sk_test_recorded", { host: "127.0.0.1", port, protocol: "http" })
})
afterAll(() => server.close())

test.skipIf(subscriptions.length === 0)(
  "every recorded subscription is read, with the recorded invoices",
  async () => {
    const ends = invoices.flatMap(({ lines }) => lines.data.map((line: Line) => line.period.end))
    for (const one of subscriptions) {
      current = one
      const { id, status, items, livemode } = one.object
      const [{ price, current_period_end }] = items.data
      const [read] = await readSubscriptions(stripe, "cus_recorded", [price.id])
      expect(read).toMatchObject({ id, status, livemode, priceId: price.id, withheld: null })
      expect(read?.currentPeriodEnd).toEqual(new Date(current_period_end * 1000))
      expect(read?.paidUntil).toEqual(ends.length > 0 ? new Date(Math.max(...ends) * 1000) : null)
    }
  },
)

interface Line {
  period: { end: number }
}
