import { afterAll, beforeAll, expect, test } from "vitest"
import { fuzz } from "../../fuzz/fuzz.ts"
import { formatFault } from "../../fuzz/report.ts"
import { startTestApp, type TestApp } from "../helpers/app.ts"
import { contract, createContract } from "../helpers/contract.ts"

const ADMIN_TOKEN = "an-admin-token"
let app: TestApp

beforeAll(async () => {
  app = await startTestApp({
    stripe: true,
    config: { admin: { token: ADMIN_TOKEN }, http: { streamsPerUser: 1_000 } },
  })
})
afterAll(() => app.close())

const run = (seed: number, requests: number, judgedBy = contract()) =>
  fuzz({
    url: app.url,
    contract: judgedBy,
    adminToken: ADMIN_TOKEN,
    requests,
    seed,
    signal: new AbortController().signal,
  })

test("500 generated requests, hostile ones among them, have documented answers and no 5xx", async () => {
  const { sent, faults, byIntent, counts } = await run(1, 500)
  expect(faults.map(formatFault)).toEqual([])
  expect(sent).toBeGreaterThan(490)
  expect([...byIntent.keys()].sort()).toEqual(["hostile", "nearly valid", "valid"])
  expect(counts.size).toBeGreaterThan(30)
  expect((await app.http.get("/health/live")).status).toBe(200)
}, 120_000)

test("an answer that the document doesn't have is a fault", async () => {
  const document = structuredClone(contract().document)
  delete document.paths["/health/live"]?.get?.responses["200"]
  const { faults } = await run(2, 200, createContract(document))
  expect(faults.length).toBeGreaterThan(0)
  expect(faults.every(({ call }) => call.path.startsWith("/health/live"))).toBe(true)
})
