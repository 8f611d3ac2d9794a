import { networkInterfaces } from "node:os"
import { expect, test } from "vitest"
import { createHttp } from "../../tools/lib/http.ts"
import { openDatabase, startProcess, testStack } from "./kit.ts"

const hasIPv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ family }) => family === "IPv6"))

const TOKEN = "a-metrics-token-that-is-long-enough-to-be-one"

test("a worker without an API shows its metrics and that it lives on WORKER_PORT, and nothing else", async () => {
  const stack = testStack()
  const env = {
    DATABASE_URL: await openDatabase(stack),
    JWT_SECRET: "x".repeat(32),
    METRICS_TOKEN: TOKEN,
    WORKER_PORT: "0",
    HOST: hasIPv6 ? "::" : "127.0.0.1",
  }
  const worker = await startProcess(stack, { entry: "src/worker.ts", env })
  await worker.printed("serving metrics and liveness")
  const url = /"url":"([^"]+)"/.exec(worker.output())?.[1] as string
  const statusOf = async (path: string, base = url) => (await fetch(new URL(path, base))).status
  // `::` is what fly.toml says: its private network is IPv6, its proxy comes by IPv4.
  for (const host of hasIPv6 ? ["[::1]", "127.0.0.1"] : ["127.0.0.1"])
    expect(await statusOf("/health/live", `http://${host}:${new URL(url).port}`)).toBe(200)
  const http = createHttp(url)
  expect(await http.get("/health/live")).toMatchObject({ status: 200, body: { status: "live" } })
  expect((await http.get("/metrics")).status).toBe(401)
  const metrics = await http.get("/metrics", { token: TOKEN })
  expect(metrics.body).toMatch(/^chat_build_info\{.*role="worker"\} 1$/m)
  expect(metrics.body).toMatch(/^chat_worker_busy 0$/m)
  for (const path of ["/", "/chatroom", "/admin/replies"]) expect(await statusOf(path)).toBe(404)
  expect(await worker.kill("SIGTERM")).toEqual({ code: 0, signal: null })
})
