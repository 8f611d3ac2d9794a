import { expect, test } from "vitest"
import type { Operation } from "../../src/routes/openapi/types.ts"
import { fuzz } from "../../tools/fuzz/fuzz.ts"
import { formatFault, formatReach, listUnreached } from "../../tools/fuzz/report.ts"
import { contract, createContract } from "../../tools/lib/contract.ts"
import { ADMIN_TOKEN, WEBHOOK_SECRET } from "../helpers/app.ts"
import { useTestApp } from "../helpers/use-app.ts"

const app = useTestApp({ stripe: true, config: { http: { streamsPerUser: 1_000 } } })

const run = (seed: number, requests: number, judgedBy = contract()) =>
  fuzz({
    url: app.url,
    contract: judgedBy,
    adminToken: ADMIN_TOKEN,
    webhookSecret: WEBHOOK_SECRET,
    requests,
    seed,
    signal: new AbortController().signal,
  })

test("300 generated requests, hostile ones among them, have documented answers and no 5xx", async () => {
  const { sent, faults, byIntent, counts } = await run(1, 300)
  expect(faults.map(formatFault)).toEqual([])
  expect(sent).toBeGreaterThan(290)
  expect([...byIntent.keys()].sort()).toEqual(["hostile", "nearly valid", "valid"])
  expect(counts.size).toBeGreaterThan(30)
  expect((await app.http.get("/health/live")).status).toBe(200)
})

test("gets into what needs a secret, a signature or an operator's knowledge", async () => {
  const document = structuredClone(contract().document)
  const wanted = /^\/(?:admin\/(?:users|session)|auth\/login|webhook)/
  document.paths = Object.fromEntries(Object.entries(document.paths).filter(([path]) => wanted.test(path)))
  const { faults, endpoints, unreached } = await run(3, 400, createContract(document))
  expect(faults.map(formatFault)).toEqual([])
  expect(endpoints).toBe(10)
  expect(unreached).toEqual([])
})

test("a long run fails for an endpoint without a success, a short one may miss some", async () => {
  const document = structuredClone(contract().document)
  document.paths = { "/nowhere": { get: document.paths["/health/live"]?.get as Operation } }
  const result = await run(4, 20, createContract(document))
  expect([result.endpoints, result.unreached]).toEqual([1, ["GET /nowhere"]])
  expect(formatReach(result)).toBe("0 of 1 endpoints had a success; not GET /nowhere")
  expect(listUnreached(result)).toEqual([])
  expect(listUnreached({ ...result, drawn: 5_000 })).toEqual([expect.stringMatching(/^GET \/nowhere never/)])
})

test("an answer that the document doesn't have is a fault", async () => {
  const document = structuredClone(contract().document)
  delete document.paths["/health/live"]?.get?.responses["200"]
  const { faults } = await run(2, 600, createContract(document))
  expect(faults.length).toBeGreaterThan(0)
  expect(faults.every(({ call }) => call.path.startsWith("/health/live"))).toBe(true)
})
