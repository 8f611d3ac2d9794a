import Stripe from "stripe"
import { afterEach, describe, expect, test } from "vitest"
import { freePort } from "../../tools/lib/redis-server.ts"
import {
  clientOf,
  failed,
  openCheckout,
  SECRET,
  startReceiver,
  subscriber,
  useSimulator,
} from "./stripe-kit.ts"

const simulator = useSimulator()
const closing: Array<() => Promise<void>> = []

afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function receive(answer?: Parameters<typeof startReceiver>[0]) {
  const receiver = await startReceiver(answer)
  closing.push(receiver.close)
  simulator.current.setEndpoint({ url: receiver.url, secret: SECRET })
  return receiver
}

describe("an event", () => {
  test("arrives signed, as Stripe's are", async () => {
    const receiver = await receive()
    await subscriber(simulator.current)
    await simulator.current.settled()
    expect(receiver.types()).toEqual(simulator.current.events().map(({ type }) => type))
    const [first] = receiver.received
    const event = Stripe.webhooks.constructEvent(first?.body ?? "", first?.signature ?? "", SECRET)
    expect(event).toMatchObject({
      object: "event",
      api_version: "2026-10-28.endive",
      livemode: false,
      pending_webhooks: 1,
      type: "customer.created",
      request: { id: expect.stringMatching(/^req_/) },
    })
    expect(() => Stripe.webhooks.constructEvent(`${first?.body} `, first?.signature ?? "", SECRET)).toThrow()
  })

  test("is signed at the real time, whatever the simulator's", async () => {
    const receiver = await receive()
    simulator.current.advance({ days: 400 })
    await clientOf(simulator.current).customers.create()
    await simulator.current.settled()
    const at = Number(/t=(\d+)/.exec(receiver.received[0]?.signature ?? "")?.[1])
    expect(Math.abs(at - Date.now() / 1000)).toBeLessThan(60)
    expect(receiver.received[0]?.event.created).not.toBe(at)
  })

  test("shows the object as it was then", async () => {
    const stripe = clientOf(simulator.current)
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
    simulator.current.delivery({ retryDelaysMs: [5, 5, 5] })
    await clientOf(simulator.current).customers.create()
    await simulator.current.settled()
    expect(new Set(receiver.received.map(({ event }) => event.id)).size).toBe(1)
    expect(simulator.current.deliveries().map(({ attempt, status }) => [attempt, status])).toEqual([
      [1, 500],
      [2, 500],
      [3, 200],
    ])
  })

  test("is given up when nobody answers", async () => {
    simulator.current.setEndpoint({ url: `http://127.0.0.1:${await freePort()}/webhook`, secret: SECRET })
    simulator.current.delivery({ retryDelaysMs: [5] })
    await clientOf(simulator.current).customers.create()
    await simulator.current.settled()
    expect(simulator.current.deliveries()).toMatchObject([
      { attempt: 1, status: null, error: "ECONNREFUSED" },
      { attempt: 2, status: null },
    ])
  })

  test("gives up a receiver that doesn't answer in time", async () => {
    let release = () => {}
    const stuck = new Promise<number>((resolve) => {
      release = () => resolve(200)
    })
    await receive(() => stuck)
    simulator.current.delivery({ retryDelaysMs: [], timeoutMs: 30 })
    await clientOf(simulator.current).customers.create()
    await simulator.current.settled()
    expect(simulator.current.deliveries()).toMatchObject([{ status: null, error: "TimeoutError" }])
    release()
  })

  test("can be held, shuffled, doubled and lost", async () => {
    const receiver = await receive()
    simulator.current.delivery({ mode: "held", seed: 7 })
    await subscriber(simulator.current)
    await simulator.current.settled()
    expect(receiver.received).toEqual([])
    const made = simulator.current.events().map(({ id }) => id)
    await simulator.current.release({ shuffle: true, duplicates: 1 })
    const arrived = receiver.received.map(({ event }) => event.id)
    expect(arrived.toSorted()).toEqual([...made, ...made].toSorted())
    expect(arrived.filter((id, at) => arrived.indexOf(id) === at)).not.toEqual(made)
    await clientOf(simulator.current).customers.create()
    await simulator.current.release({ drop: 1 })
    expect(receiver.received).toHaveLength(2 * made.length)
  })

  test("live can drop, double and mix", async () => {
    const receiver = await receive()
    simulator.current.delivery({ duplicate: 2, shuffle: true, concurrency: 4, delayMs: [0, 5] })
    await subscriber(simulator.current)
    await simulator.current.settled()
    expect(receiver.received).toHaveLength(3 * simulator.current.events().length)
    simulator.current.delivery({ drop: 1 })
    await clientOf(simulator.current).customers.create()
    await simulator.current.settled()
    expect(receiver.received).toHaveLength(3 * (simulator.current.events().length - 1))
  })

  test("of one event can be repeated", async () => {
    const receiver = await receive()
    await clientOf(simulator.current).customers.create()
    await simulator.current.settled()
    const [event] = simulator.current.events()
    expect(await simulator.current.deliver(event?.id ?? "")).toMatchObject([
      { status: 200, event: event?.id },
    ])
    expect(receiver.received.map((each) => each.event.id)).toEqual([event?.id, event?.id])
  })
})

describe("endpoints made by the API", () => {
  test("get what they asked for, under their own secret", async () => {
    const receiver = await startReceiver()
    closing.push(receiver.close)
    const stripe = clientOf(simulator.current)
    simulator.current.delivery({ retryDelaysMs: [] })
    const endpoint = await stripe.webhookEndpoints.create({
      url: receiver.url,
      enabled_events: ["checkout.session.completed"],
    })
    const session = await openCheckout(stripe)
    simulator.current.completeCheckout(session.id)
    await simulator.current.settled()
    expect(receiver.types()).toEqual(["checkout.session.completed"])
    const [{ body, signature } = { body: "", signature: "" }] = receiver.received
    expect(Stripe.webhooks.constructEvent(body, signature, endpoint.secret ?? "").type).toBe(
      "checkout.session.completed",
    )
    expect((await stripe.webhookEndpoints.list()).data[0]).not.toHaveProperty("secret")
    await stripe.webhookEndpoints.del(endpoint.id)
    expect((await failed(stripe.webhookEndpoints.retrieve(endpoint.id))).statusCode).toBe(404)
  })
})
