import { describe, expect, test } from "vitest"
import { SECRET, START, startReceiver, useStripe } from "./stripe-kit.ts"

const { simulator, stripe, openCheckout, subscriber } = await useStripe()

async function admin(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
  const response = await fetch(`${simulator.url}/__admin/${path}`, {
    method,
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
  })
  return { status: response.status, ...((await response.json()) as Record<string, unknown>) }
}

describe("the admin routes", () => {
  test("deliver as they are told", async () => {
    const receiver = await startReceiver()
    await admin("POST", "endpoint", { url: receiver.url, secret: SECRET })
    await admin("POST", "delivery", { mode: "held" })
    await stripe.customers.create()
    expect((await admin("GET", "held")).events).toHaveLength(1)
    await admin("POST", "release", { duplicates: 2 })
    expect(receiver.types()).toEqual(["customer.created", "customer.created", "customer.created"])
    const [event] = simulator.events()
    await admin("POST", `deliver/${event?.id}`)
    await admin("POST", "settled")
    expect((await admin("GET", "deliveries")).deliveries).toHaveLength(4)
  })

  test("make a history", async () => {
    const { customer, subscription } = await subscriber()
    await admin("POST", "settings", { dunning: "unpaid", retryDays: [] })
    await admin("POST", `subscriptions/${subscription}/cancel_at_period_end`)
    await admin("POST", `subscriptions/${subscription}/resume`)
    const dispute = await admin("POST", "disputes", { target: subscription })
    await admin("POST", `disputes/${dispute.id}/close`, { status: "won" })
    await admin("POST", "refunds", { subscription, amount: 1 })
    await admin("POST", `customers/${customer}/card`, { card: "insufficient_on_renewal" })
    expect(await admin("POST", "clock/advance", { days: 28, hours: 1 })).toMatchObject({
      now: START + 28 * 86_400 + 3600,
    })
    expect((await stripe.subscriptions.retrieve(subscription)).status).toBe("unpaid")
    const [open] = (await stripe.invoices.list({ subscription, status: "open" })).data
    await admin("POST", `invoices/${open?.id}/pay`, { card: "ok" })
    expect((await stripe.subscriptions.retrieve(subscription)).status).toBe("active")
    const second = await admin("POST", `customers/${customer}/subscribe`, {})
    expect(await admin("GET", `oracle/${customer}`)).toMatchObject({
      subscriptions: [
        {
          id: subscription,
          status: "active",
          paid: [{ amountRefunded: 1, dispute: "won" }, { dispute: null }],
        },
        { id: second.id, status: "active" },
      ],
      refunds: [{ amount: 1 }],
      disputes: [{ status: "won" }],
    })
    await admin("POST", `subscriptions/${second.id}/cancel`)
    await admin("POST", `customers/${customer}/delete`)
    expect(await admin("GET", `oracle/${customer}`)).toMatchObject({ deleted: true })
  })

  test("complete and expire Checkout sessions", async () => {
    const [paid, expired] = [await openCheckout(), await openCheckout()]
    expect(await admin("POST", `checkout/${paid.id}/pay`, { card: "ok" })).toMatchObject({
      status: "complete",
    })
    await admin("POST", `checkout/${expired.id}/expire`)
    expect((await stripe.checkout.sessions.retrieve(expired.id)).status).toBe("expired")
  })

  test("script faults, list calls and start anew", async () => {
    await admin("POST", "faults", { path: "/v1/prices", status: 503 })
    await expect(stripe.prices.list()).rejects.toMatchObject({ statusCode: 503 })
    expect((await admin("GET", "calls")).calls).toMatchObject([
      { method: "GET", path: "/v1/prices", status: 503 },
    ])
    await stripe.customers.create()
    expect((await admin("GET", "events")).events).toHaveLength(1)
    await admin("POST", "reset")
    expect((await stripe.customers.list()).data).toEqual([])
    expect(simulator.events()).toEqual([])
    expect(simulator.now()).toBe(START)
  })

  test.each([
    ["POST", "nothing", {}, 404],
    ["GET", "reset", undefined, 404],
    ["POST", "delivery", { mode: "sideways" }, 400],
    ["POST", "faults", { path: "/(/" }, 400],
    ["POST", "settings", "{", 400],
    ["POST", "clock/advance", { days: -1 }, 400],
    ["POST", "checkout/cs_none/pay", {}, 404],
    ["POST", "deliver/evt_none", {}, 404],
  ])("refuse %s %s %j", async (method, path, body, status) => {
    expect(await admin(method, path, body)).toMatchObject({ status, error: { message: expect.any(String) } })
  })
})

describe("many histories", () => {
  test("take little time each", () => {
    const begun = process.cpuUsage()
    for (let history = 0; history < 200; history++) {
      simulator.reset()
      const { id } = simulator.createCustomer()
      simulator.createSubscription(id)
      simulator.advance({ days: 95 })
      expect(simulator.oracle(id).subscriptions[0]?.paid).toHaveLength(4)
    }
    const { user, system } = process.cpuUsage(begun)
    // Several times what it takes; processor time, so that a busy machine doesn't matter.
    expect((user + system) / 1000 / 200).toBeLessThan(30)
  })
})
