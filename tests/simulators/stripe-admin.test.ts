import { describe, expect, test } from "vitest"
import { SECRET, START, startReceiver, useStripe } from "./stripe-kit.ts"

const { simulator, stripe, openCheckout, subscriber, openInvoice } = await useStripe()

async function admin(
  method: "GET" | "POST",
  path: string,
  sent: unknown = {},
): Promise<Record<string, unknown>> {
  const body = typeof sent === "string" ? sent : JSON.stringify(sent)
  const url = `${simulator.url}/__admin/${path}`
  const response = await fetch(url, { method, ...(method === "POST" && { body }) })
  return { status: response.status, ...((await response.json()) as Record<string, unknown>) }
}
const get = (path: string) => admin("GET", path)
const post = (path: string, body?: unknown) => admin("POST", path, body)

describe("the admin routes", () => {
  test("deliver as configured", async () => {
    const receiver = await startReceiver()
    await post("endpoint", { url: receiver.url, secret: SECRET })
    await post("delivery", { mode: "held" })
    await stripe.customers.create()
    expect((await get("held")).events).toHaveLength(1)
    await post("release", { duplicates: 2 })
    expect(receiver.types()).toEqual(["customer.created", "customer.created", "customer.created"])
    const [event] = simulator.events()
    await post(`deliver/${event?.id}`)
    await post("settled")
    expect((await get("deliveries")).deliveries).toHaveLength(4)
  })

  test("make a history", async () => {
    const { customer, subscription } = await subscriber()
    await post("settings", { dunning: "unpaid", retryDays: [] })
    await post(`subscriptions/${subscription}/cancel_at_period_end`)
    await post(`subscriptions/${subscription}/resume`)
    const dispute = await post("disputes", { target: subscription })
    await post(`disputes/${dispute.id}/close`, { status: "won" })
    await post("refunds", { subscription, amount: 1 })
    await post(`customers/${customer}/card`, { card: "insufficient_on_renewal" })
    const now = START + 28 * 86_400 + 3600
    expect(await post("clock/advance", { days: 28, hours: 1 })).toMatchObject({ now })
    expect((await stripe.subscriptions.retrieve(subscription)).status).toBe("unpaid")
    await post(`invoices/${await openInvoice(subscription)}/pay`, { card: "ok" })
    expect((await stripe.subscriptions.retrieve(subscription)).status).toBe("active")
    const second = await post(`customers/${customer}/subscribe`, {})
    const paid = [{ amountRefunded: 1, dispute: "won" }, { dispute: null }]
    expect(await get(`oracle/${customer}`)).toMatchObject({
      subscriptions: [
        { id: subscription, status: "active", paid },
        { id: second.id, status: "active" },
      ],
      refunds: [{ amount: 1 }],
      disputes: [{ status: "won" }],
    })
    await post(`subscriptions/${second.id}/cancel`)
    await post(`customers/${customer}/delete`)
    expect(await get(`oracle/${customer}`)).toMatchObject({ deleted: true })
  })

  test("complete and expire Checkout sessions", async () => {
    const [paid, expired] = [await openCheckout(), await openCheckout()]
    const completed = await post(`checkout/${paid.id}/pay`, { card: "ok" })
    expect(completed).toMatchObject({ status: "complete" })
    await post(`checkout/${expired.id}/expire`)
    expect((await stripe.checkout.sessions.retrieve(expired.id)).status).toBe("expired")
  })

  test("script faults, list calls and reset", async () => {
    await post("faults", { path: "/v1/prices", status: 503 })
    await expect(stripe.prices.list()).rejects.toMatchObject({ statusCode: 503 })
    const call = { method: "GET", path: "/v1/prices", status: 503 }
    expect((await get("calls")).calls).toMatchObject([call])
    await stripe.customers.create()
    expect((await get("events")).events).toHaveLength(1)
    await post("reset")
    expect((await stripe.customers.list()).data).toEqual([])
    expect(simulator.events()).toEqual([])
    expect(simulator.now()).toBe(START)
  })

  test.each([
    ["POST", "nothing", {}, 404],
    ["GET", "reset", {}, 404],
    ["POST", "delivery", { mode: "sideways" }, 400],
    ["POST", "faults", { path: "/(/" }, 400],
    ["POST", "settings", "{", 400],
    ["POST", "clock/advance", { days: -1 }, 400],
    ["POST", "checkout/cs_none/pay", {}, 404],
    ["POST", "deliver/evt_none", {}, 404],
  ] as const)("refuse %s %s %j", async (method, path, body, status) => {
    expect(await admin(method, path, body)).toMatchObject({ status, error: { message: expect.any(String) } })
  })
})
