import type { ChildProcess } from "node:child_process"
import { once } from "node:events"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import Stripe from "stripe"
import { describe, expect, test } from "vitest"
import type { Oracle } from "../../simulators/stripe/server.ts"
import { launch, start as startCommand } from "../simulators/kit.ts"
import { CHECKOUT, clientOf, SECRET, startReceiver } from "../simulators/stripe-kit.ts"
import { testFolder } from "./programs.ts"

async function start(args: string[] = [], env: Record<string, string> = {}) {
  const started = await startCommand("stripe", args, env)
  return { ...started, stripe: clientOf(started.url) }
}

async function stop(child: ChildProcess, signal: NodeJS.Signals = "SIGTERM") {
  child.kill(signal)
  return once(child, "exit")
}

const dataFile = () => join(testFolder(), "stripe.json")

describe("the command", () => {
  test("delivers to the URL and under the secret that it is given", async () => {
    const receiver = await startReceiver()
    const { stripe } = await start(["--webhook-url", receiver.url], { STRIPE_WEBHOOK_SECRET: SECRET })
    await stripe.customers.create()
    await expect.poll(() => receiver.types()).toEqual(["customer.created"])
    const [{ body, signature } = { body: "", signature: "" }] = receiver.received
    expect(Stripe.webhooks.constructEvent(body, signature, SECRET).type).toBe("customer.created")
  })

  test("refuses a webhook URL without a secret", async () => {
    const child = launch("stripe", ["--webhook-url", "http://a.test"], { STRIPE_WEBHOOK_SECRET: "" })
    expect(await once(child, "exit")).toEqual([1, null])
  })
})

describe("a data file", () => {
  test("keeps the account, its time, its keys and what was in flight", async () => {
    const file = dataFile()
    const first = await start(["--data", file])
    const customer = await first.stripe.customers.create({ name: "Ada" }, { idempotencyKey: "k" })
    const session = await first.stripe.checkout.sessions.create({ ...CHECKOUT, customer: customer.id })
    await post(`${first.url}/__admin/checkout/${session.id}/pay`, {})
    await post(`${first.url}/__admin/clock/advance`, { days: 10 })
    const before = await oracle(first.url, customer.id)
    await stop(first.child)
    const second = await start(["--data", file])
    const after = await oracle(second.url, customer.id)
    expect(after).toEqual({ ...before, now: expect.any(Number) })
    expect(Math.abs(after.now - before.now)).toBeLessThan(60)
    const again = await second.stripe.customers.create({ name: "Ada" }, { idempotencyKey: "k" })
    expect(again.id).toBe(customer.id)
    await post(`${second.url}/__admin/clock/advance`, { days: 22 })
    const renewed = await oracle(second.url, customer.id)
    expect(renewed.subscriptions[0]?.paid).toHaveLength(2)
  })

  test("survives a kill, and events go on to be delivered", async () => {
    const file = dataFile()
    const receiver = await startReceiver(() => 500)
    const env = { STRIPE_WEBHOOK_SECRET: SECRET }
    const first = await start(["--data", file, "--webhook-url", receiver.url], env)
    const { id } = await first.stripe.customers.create()
    await expect.poll(() => receiver.received.length).toBeGreaterThan(2)
    await stop(first.child, "SIGKILL")
    const before = receiver.received.length
    const second = await start(["--data", file, "--webhook-url", receiver.url], env)
    expect((await second.stripe.customers.retrieve(id)).id).toBe(id)
    await expect.poll(() => receiver.received.length).toBeGreaterThan(before)
    expect(receiver.received.at(-1)?.event.data.object).toMatchObject({ id })
  })

  test.each(["{", '{"world":{}}'])("that can't be read stops the start: %s", async (content) => {
    const file = dataFile()
    await writeFile(file, content)
    expect(await once(launch("stripe", ["--data", file]), "exit")).toEqual([1, null])
  })
})

async function oracle(url: string, customer: string): Promise<Oracle> {
  return (await (await fetch(`${url}/__admin/oracle/${customer}`)).json()) as Oracle
}

function post(url: string, body: unknown) {
  return fetch(url, { method: "POST", body: JSON.stringify(body) })
}

describe("time", () => {
  test("runs on by itself, and what becomes due is done", async () => {
    const { url, stripe } = await start()
    const expires_at = Math.floor(Date.now() / 1000) + 1800
    const session = await stripe.checkout.sessions.create({ ...CHECKOUT, expires_at })
    await post(`${url}/__admin/clock/advance`, { seconds: 1799 })
    const expiry = async () => (await stripe.checkout.sessions.retrieve(session.id)).status
    await expect.poll(expiry).toBe("expired")
  })
})
