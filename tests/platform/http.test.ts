import { describe, expect, test } from "vitest"
import { startTestApp } from "../helpers/app.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"
import { readMetrics } from "../operators/kit.ts"

const app = useTestApp({ config: { http: { corsOrigins: ["https://chat.example"] } } })
const ann = useUser(app)

describe("/", () => {
  test("says Home Route to programs and people", async () => {
    const plain = await app.http.get("/")
    expect(plain).toMatchObject({ status: 200, body: "Home Route" })
    expect(plain.headers.get("content-type")).toBe("text/plain; charset=utf-8")
    const page = await app.http.get("/", { headers: { Accept: "text/html,*/*" } })
    expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8")
    expect(page.body).toContain("Home Route")
  })
})

describe("health", () => {
  test("tells that the process lives and that database, queue and worker are there", async () => {
    expect(await app.http.get("/health/live")).toMatchObject({ status: 200, body: { status: "live" } })
    await expect
      .poll(async () => (await app.http.get("/health/ready")).body)
      .toEqual({
        status: "ready",
        database: "up",
        queue: "up",
        workers: 1,
        heartbeatAgeMs: expect.any(Number),
        disk: expect.stringMatching(/^(ok|unused)$/),
        billing: "on",
        problems: [],
      })
  })
})

describe("every answer", () => {
  test("carries a request id, taken over where it is harmless", async () => {
    const made = (await app.http.get("/")).headers.get("x-request-id")
    expect(made).toMatch(/^[0-9a-f-]{36}$/)
    const headers = { "X-Request-Id": "mine.1:2-3" }
    expect((await app.http.get("/", { headers })).headers.get("x-request-id")).toBe("mine.1:2-3")
  })

  test("says how much of the limit is left", async () => {
    const { headers } = await ann.http.get("/chatroom")
    expect(headers.get("ratelimit-policy")).toMatch(/^"read";q=\d+;w=60$/)
    expect(headers.get("ratelimit")).toMatch(/^"read";r=\d+;t=\d+$/)
  })
})

describe("errors", () => {
  test("are problem details with a code and the request id", async () => {
    const answer = await app.http.get("/nowhere")
    expect(answer.headers.get("content-type")).toBe("application/problem+json; charset=utf-8")
    expect(answer.body).toEqual({
      type: "urn:problem:not_found",
      title: "not found",
      status: 404,
      detail: "Path not found.",
      code: "not_found",
      requestId: answer.headers.get("x-request-id"),
    })
  })

  test("name the methods that a path has", async () => {
    const answer = await ann.http.put("/chatroom", {})
    expect(answer).toMatchObject({ status: 405, body: { code: "method_not_allowed" } })
    expect(answer.headers.get("allow")).toBe("POST, GET")
  })

  test("a limit that is reached is 429 with Retry-After, and counted", async () => {
    await using small = await startTestApp({ beside: app, worker: false, config: { rateLimitScale: 0.01 } })
    const answers = []
    for (let i = 0; i < 15; i++) answers.push(await small.http.get("/chatroom", { token: ann.token }))
    expect(answers.map(({ status }) => status)).toEqual([...Array(12).fill(200), ...Array(3).fill(429)])
    expect(answers.at(-1)?.body.code).toBe("rate_limited")
    expect(Number(answers.at(-1)?.headers.get("retry-after"))).toBeGreaterThan(0)
    const metrics = readMetrics((await small.admin.get("/metrics")).body)
    expect(metrics.sum("chat_rate_limited_total", { limit: "read" })).toBe(3)
  })
})
