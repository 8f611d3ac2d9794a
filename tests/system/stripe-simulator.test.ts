import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { openStripeSimulator } from "../../src/embedded/stripe-simulator.ts"
import { clientOf } from "../simulators/stripe-kit.ts"
import { fixture, gone, run, testFolder } from "./programs.ts"

const hold = (dataDir: string) => run([fixture("hold-stripe.ts"), dataDir])

async function open(dataDir: string) {
  const simulator = await openStripeSimulator(dataDir)
  onTestFinished(() => simulator.stop())
  return simulator
}

const owner = (pid: number) => JSON.stringify({ pid, parent: pid, port: 9, url: "http://127.0.0.1:9" })

const ownerOf = (dataDir: string) => JSON.parse(readFileSync(join(dataDir, "stripe-simulator.json"), "utf8"))

test("a second process uses the first one's simulator, and leaves it running", async () => {
  const dataDir = testFolder()
  const { url } = await open(dataDir)
  const { id } = await clientOf(url).customers.create({})
  const second = hold(dataDir)
  expect(await second.line("http")).toBe(url)
  second.child.kill("SIGTERM")
  expect((await second.ended).code).toBe(0)
  expect((await clientOf(url).customers.retrieve(id)).id).toBe(id)
})

test("of several starts at once one runs it and the others use it", async () => {
  const dataDir = testFolder()
  const programs = Array.from({ length: 4 }, () => hold(dataDir))
  const own = Array.from({ length: 4 }, async () => (await open(dataDir)).url)
  const urls = await Promise.all([...programs.map((program) => program.line("http")), ...own])
  expect(new Set(urls).size).toBe(1)
  expect(readdirSync(dataDir).filter((name) => name.startsWith("stripe-simulator"))).toHaveLength(1)
})

test("after its owner was killed the next start goes on with its data, on its port", async () => {
  const dataDir = testFolder()
  const first = hold(dataDir)
  const url = await first.line("http")
  const { id } = await clientOf(url).customers.create({})
  const { pid } = ownerOf(dataDir)
  first.child.kill("SIGKILL")
  await first.ended

  const second = await open(dataDir)
  expect(ownerOf(dataDir).pid).not.toBe(pid)
  await gone(pid)
  expect(second.url).toBe(url)
  expect((await clientOf(second.url).customers.retrieve(id)).id).toBe(id)
})

test("a port that somebody else has by now is left to them", async () => {
  const dataDir = testFolder()
  const first = await openStripeSimulator(dataDir)
  await first.stop()
  const stranger = createServer().listen(Number(new URL(first.url).port), "127.0.0.1")
  onTestFinished(() => void stranger.close())
  const second = await open(dataDir)
  expect(second.url).not.toBe(first.url)
  await clientOf(second.url).customers.create({})
})

test.each([
  ["is no JSON", "nonsense"],
  ["names a process that is gone", owner(2 ** 22 + 1)],
  ["names another process", owner(process.ppid)],
])("a file that %s is replaced", async (_, content) => {
  const dataDir = testFolder()
  writeFileSync(join(dataDir, "stripe-simulator.json"), content)
  const { url } = await open(dataDir)
  expect(ownerOf(dataDir).url).toBe(url)
})
