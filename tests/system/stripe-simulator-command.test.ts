import type { ChildProcess } from "node:child_process"
import { once } from "node:events"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import Stripe from "stripe"
import { describe, expect, onTestFinished, test } from "vitest"
import type { Truth } from "../../simulators/stripe/server.ts"
import { openCheckout, SECRET, startReceiver } from "../simulators/stripe-kit.ts"
import { forkServer, run, testFolder } from "./programs.ts"

const MAIN = fileURLToPath(new URL("../../simulators/stripe/main.ts", import.meta.url))
async function start(args: string[] = [], env: Record<string, string> = {}) {
  const { child, url } = await forkServer(MAIN, args, env)
  const { hostname, port } = new URL(url)
  const stripe = new Stripe("sk_test_x", {
    host: hostname,
    port: Number(port),
    protocol: "http",
    telemetry: false,
  })
  return { child, url, stripe }
}

async function stop(child: ChildProcess, signal: NodeJS.Signals = "SIGTERM") {
  child.kill(signal)
  return once(child, "exit")
}

const dataFile = () => join(testFolder(), "stripe.json")

describe("the command", () => {
  test("tells its address by IPC, serves, and stops on SIGTERM", async () => {
    const { child, url, stripe } = await start()
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect((await stripe.prices.list()).data).toHaveLength(1)
    expect(await stop(child)).toEqual([0, null])
  })

  test("ends with its parent", async () => {
    const { child } = await start()
    child.disconnect()
    expect(await once(child, "exit")).toEqual([0, null])
  })

  test("delivers to the URL and under the secret that it is given", async () => {
    const receiver = await startReceiver()
    onTestFinished(receiver.close)
    const { stripe } = await start(["--webhook-url", receiver.url], { STRIPE_WEBHOOK_SECRET: SECRET })
    await stripe.customers.create()
    await expect.poll(() => receiver.types()).toEqual(["customer.created"])
    const [{ body, signature } = { body: "", signature: "" }] = receiver.received
    expect(Stripe.webhooks.constructEvent(body, signature, SECRET).type).toBe("customer.created")
  })

  test("explains itself", async () => {
    const program = run([MAIN, "--help"])
    expect(await program.ended).toEqual({ code: 0, signal: null })
    expect(program.lines.join("\n")).toContain("--webhook-url URL")
  })

  test.each([
    [["--port", "x"], {}],
    [["--webhook-url", "http://a.test"], { STRIPE_WEBHOOK_SECRET: "" }],
  ])("refuses %j", async (args, env) => {
    expect((await run([MAIN, ...args], env).ended).code).toBe(1)
  })
})

describe("a data file", () => {
  test("keeps the account, its time, its keys and what was under way", async () => {
    const file = dataFile()
    const first = await start(["--data", file])
    const customer = await first.stripe.customers.create({ name: "Ada" }, { idempotencyKey: "k" })
    const session = await openCheckout(first.stripe, { customer: customer.id })
    await post(`${first.url}/__admin/checkout/${session.id}/pay`, {})
    await post(`${first.url}/__admin/clock/advance`, { days: 10 })
    const before = await truth(first.url, customer.id)
    await stop(first.child)
    const second = await start(["--data", file])
    const after = await truth(second.url, customer.id)
    expect(after).toEqual({ ...before, now: expect.any(Number) })
    expect(Math.abs(after.now - before.now)).toBeLessThan(60)
    expect((await second.stripe.customers.create({ name: "Ada" }, { idempotencyKey: "k" })).id).toBe(
      customer.id,
    )
    await post(`${second.url}/__admin/clock/advance`, { days: 22 })
    const renewed = await truth(second.url, customer.id)
    expect(renewed.subscriptions[0]?.paid).toHaveLength(2)
  })

  test("survives a kill, and events go on to be delivered", async () => {
    const file = dataFile()
    const receiver = await startReceiver(() => 500)
    onTestFinished(receiver.close)
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

  test("that can't be read stops the start", async () => {
    const file = dataFile()
    await writeFile(file, "{")
    expect((await run([MAIN, "--data", file]).ended).code).toBe(1)
  })
})

async function truth(url: string, customer: string): Promise<Truth> {
  return (await (await fetch(`${url}/__admin/truth/${customer}`)).json()) as Truth
}

function post(url: string, body: unknown) {
  return fetch(url, { method: "POST", body: JSON.stringify(body) })
}

describe("time", () => {
  test("runs on by itself, and what becomes due is done", async () => {
    const { url, stripe } = await start()
    const session = await openCheckout(stripe, { expires_at: Math.floor(Date.now() / 1000) + 1800 })
    await post(`${url}/__admin/clock/advance`, { seconds: 1798 })
    const expiry = async () => (await stripe.checkout.sessions.retrieve(session.id)).status
    await expect.poll(expiry).toBe("expired")
  })
})
