import Stripe from "stripe"
import { describe, expect, test } from "vitest"
import { freePort } from "../../tools/lib/redis-server.ts"
import { refused, SECRET, startReceiver, useStripe } from "./stripe-kit.ts"

const { simulator, stripe, openCheckout, subscriber, receive } = await useStripe()

describe("an event", () => {
  test("arrives signed, as Stripe's are", async () => {
    const receiver = await receive()
    await subscriber()
    await simulator.settled()
    expect(receiver.types()).toEqual(simulator.events().map(({ type }) => type))
    const [{ body, signature } = { body: "", signature: "" }] = receiver.received
    expect(Stripe.webhooks.constructEvent(body, signature, SECRET)).toMatchObject({
      object: "event",
      api_version: "2026-10-28.endive",
      livemode: false,
      pending_webhooks: 1,
      type: "customer.created",
      request: { id: expect.stringMatching(/^req_/) },
    })
    expect(() => Stripe.webhooks.constructEvent(`${body} `, signature, SECRET)).toThrow()
  })

  test("is signed at the real time, whatever the simulator's", async () => {
    const receiver = await receive()
    simulator.advance({ days: 400 })
    await stripe.customers.create()
    await simulator.settled()
    const at = Number(/t=(\d+)/.exec(receiver.received[0]?.signature ?? "")?.[1])
    expect(Math.abs(at - Date.now() / 1000)).toBeLessThan(60)
    expect(receiver.received[0]?.event.created).not.toBe(at)
  })

  test("shows the object as it was then", async () => {
    const { id } = await stripe.customers.create({ name: "before" })
    await stripe.customers.update(id, { name: "after" })
    const events = (await stripe.events.list({ types: ["customer.created", "customer.updated"] })).data
    expect(events.map((event) => (event.data.object as Stripe.Customer).name)).toEqual(["after", "before"])
    expect(events[0]?.data).toMatchObject({ previous_attributes: { name: "before" } })
    expect(await stripe.events.retrieve(events[1]?.id ?? "")).toMatchObject({ type: "customer.created" })
  })
})

describe("delivery", () => {
  test("is tried again until it succeeds", async () => {
    let failures = 2
    const receiver = await receive(() => (failures-- > 0 ? 500 : 200))
    simulator.delivery({ retryDelaysMs: [5, 5, 5] })
    await stripe.customers.create()
    await simulator.settled()
    expect(new Set(receiver.received.map(({ event }) => event.id)).size).toBe(1)
    expect(simulator.deliveries().map(({ status }) => status)).toEqual([500, 500, 200])
    expect(simulator.deliveries().map(({ attempt }) => attempt)).toEqual([1, 2, 3])
  })

  test("is given up when nobody answers", async () => {
    simulator.setEndpoint({ url: `http://127.0.0.1:${await freePort()}/webhook`, secret: SECRET })
    simulator.delivery({ retryDelaysMs: [5] })
    await stripe.customers.create()
    await simulator.settled()
    expect(simulator.deliveries()).toMatchObject([
      { attempt: 1, status: null, error: "ECONNREFUSED" },
      { attempt: 2, status: null },
    ])
  })

  test("gives up a receiver that doesn't answer in time", async () => {
    const { promise, resolve } = Promise.withResolvers<number>()
    await receive(() => promise)
    simulator.delivery({ retryDelaysMs: [], timeoutMs: 30 })
    await stripe.customers.create()
    await simulator.settled()
    expect(simulator.deliveries()).toMatchObject([{ status: null, error: "TimeoutError" }])
    resolve(200)
  })

  test("can be held, shuffled, doubled and lost", async () => {
    const receiver = await receive()
    simulator.delivery({ mode: "held", seed: 7 })
    await subscriber()
    await simulator.settled()
    expect(receiver.received).toEqual([])
    const made = simulator.events().map(({ id }) => id)
    await simulator.release({ shuffle: true, duplicates: 1 })
    const arrived = receiver.received.map(({ event }) => event.id)
    expect(arrived.toSorted()).toEqual([...made, ...made].toSorted())
    expect(arrived.filter((id, at) => arrived.indexOf(id) === at)).not.toEqual(made)
    await stripe.customers.create()
    await simulator.release({ drop: 1 })
    expect(receiver.received).toHaveLength(2 * made.length)
  })

  test("live can drop, double and mix", async () => {
    const receiver = await receive()
    simulator.delivery({ duplicate: 2, shuffle: true, concurrency: 4, delayMs: [0, 5] })
    await subscriber()
    await simulator.settled()
    expect(receiver.received).toHaveLength(3 * simulator.events().length)
    simulator.delivery({ drop: 1 })
    await stripe.customers.create()
    await simulator.settled()
    expect(receiver.received).toHaveLength(3 * (simulator.events().length - 1))
  })

  test("of one event can be repeated", async () => {
    const receiver = await receive()
    await stripe.customers.create()
    await simulator.settled()
    const [event] = simulator.events()
    expect(await simulator.deliver(event?.id ?? "")).toMatchObject([{ status: 200, event: event?.id }])
    expect(receiver.received.map((each) => each.event.id)).toEqual([event?.id, event?.id])
  })
})

test("endpoints made by the API get what they asked for, under their own secret", async () => {
  const receiver = await startReceiver()
  simulator.delivery({ retryDelaysMs: [] })
  const type = "checkout.session.completed"
  const endpoint = await stripe.webhookEndpoints.create({ url: receiver.url, enabled_events: [type] })
  simulator.completeCheckout((await openCheckout()).id)
  await simulator.settled()
  expect(receiver.types()).toEqual([type])
  const [{ body, signature } = { body: "", signature: "" }] = receiver.received
  expect(Stripe.webhooks.constructEvent(body, signature, endpoint.secret ?? "").type).toBe(type)
  expect((await stripe.webhookEndpoints.list()).data[0]).not.toHaveProperty("secret")
  await stripe.webhookEndpoints.del(endpoint.id)
  expect((await refused(stripe.webhookEndpoints.retrieve(endpoint.id))).statusCode).toBe(404)
})
