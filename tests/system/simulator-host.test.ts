import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { createSimulatorHost } from "../../src/embedded/simulator.ts"
import { openStripeSimulator } from "../../src/embedded/stripe-simulator.ts"
import { gone, testFolder } from "./programs.ts"

const isUp = (url: string) => fetch(`${url}/__admin/clock`).then(({ ok }) => ok)

test("simulators share a process, which ends with the last of them", async () => {
  const dataDir = testFolder()
  const host = createSimulatorHost()
  const [gemini, stripe] = await Promise.all([host.start("gemini"), openStripeSimulator(dataDir, { host })])
  onTestFinished(() => gemini.stop())
  expect(await isUp(stripe.url)).toBe(true)
  await stripe.stop()
  expect((await fetch(gemini.url)).status).toBe(404)
  await gemini.stop()
  await gemini.stop()
  await gone(gemini.pid)
  const next = await host.start("gemini")
  expect(next.pid).not.toBe(gemini.pid)
  await next.stop()
})

test("one that can't start says why, and ends the process", async () => {
  const dataDir = testFolder()
  writeFileSync(join(dataDir, "stripe.json"), "nonsense")
  const host = createSimulatorHost()
  const gemini = await host.start("gemini")
  await expect(openStripeSimulator(dataDir, { host })).rejects.toThrow(
    /The stripe simulator can't start: .*stripe\.json can't be read/,
  )
  await gone(gemini.pid)
  await gemini.stop()
})

test("a start that is cancelled says why it was, and leaves no process", async () => {
  const host = createSimulatorHost()
  const first = await host.start("gemini")
  const cancelled = new AbortController()
  const starting = host.start("stripe", { signal: cancelled.signal })
  cancelled.abort(new Error("enough"))
  await expect(starting).rejects.toThrow("enough")
  await gone(first.pid)
})
