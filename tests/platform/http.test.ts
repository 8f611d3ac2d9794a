import { connect } from "node:net"
import { describe, expect, test } from "vitest"
import { startTestApp } from "../helpers/app.ts"
import { createRoom, send } from "../helpers/chat.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"

const b64 = (text: string) => Buffer.from(text).toString("base64url")

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
      })
  })
})

describe("every answer", () => {
  test("carries a request id, taken over where it is harmless", async () => {
    const made = (await app.http.get("/")).headers.get("x-request-id")
    expect(made).toMatch(/^[0-9a-f-]{36}$/)
    const headers = { "X-Request-Id": "mine.1:2-3" }
    expect((await app.http.get("/", { headers })).headers.get("x-request-id")).toBe("mine.1:2-3")
    const hostile = { "X-Request-Id": `x${" x".repeat(200)}` }
    expect((await app.http.get("/", { headers: hostile })).headers.get("x-request-id")).not.toContain(" ")
  })

  test("carries the security headers and doesn't name its framework", async () => {
    const { headers } = await app.http.get("/")
    expect(headers.get("content-security-policy")).toContain("default-src 'none'")
    expect(headers.get("x-content-type-options")).toBe("nosniff")
    expect(headers.get("x-powered-by")).toBeNull()
  })

  test("lets only the configured origins read it from a browser", async () => {
    const from = async (Origin: string) =>
      (await app.http.get("/", { headers: { Origin } })).headers.get("access-control-allow-origin")
    expect(await from("https://chat.example")).toBe("https://chat.example")
    expect(await from("https://evil.example")).toBeNull()
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
      detail: "There is no such path.",
      code: "not_found",
      requestId: answer.headers.get("x-request-id"),
    })
  })

  test("name the methods that a path has", async () => {
    const answer = await ann.http.put("/chatroom", {})
    expect(answer).toMatchObject({ status: 405, body: { code: "method_not_allowed" } })
    expect(answer.headers.get("allow")).toBe("POST, GET")
  })

  test.each([
    "/%E0%A4%A",
    "/chatroom/%00",
    "/chatroom/..%2f..%2fetc",
    "/chatroom?limit[$gt]=1",
    `/chatroom?${"a=1&".repeat(2_000)}`,
  ])("%s is a coded 4xx", async (path) => {
    const answer = await ann.http.get(path)
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(answer.status).toBeLessThan(500)
    expect(answer.body.code).toMatch(/^[a-z_]+$/)
  })

  test.each([
    ["no scheme", "abc"],
    ["Basic", "Basic YTpi"],
    ["two tokens", "Bearer a b"],
    ["an empty token", "Bearer "],
    ["nonsense", `Bearer ${"x".repeat(5_000)}`],
    ["a payload that is no JSON", `Bearer ${b64('{"alg":"HS256","typ":"JWT"}')}.${b64("nojson")}.abc`],
    ["a header that is no JSON", `Bearer ${b64("nojson")}.${b64("{}")}.abc`],
  ])("an Authorization of %s is 401", async (_, Authorization) => {
    expect(await app.http.get("/chatroom", { headers: { Authorization } })).toMatchObject({
      status: 401,
      body: { code: "unauthenticated" },
    })
  })

  test("a limit that is reached is 429 with Retry-After", async () => {
    const small = await startTestApp({ beside: app, worker: false, config: { rateLimitScale: 0.01 } })
    const statuses = []
    for (let i = 0; i < 15; i++)
      statuses.push((await small.http.get("/chatroom", { token: ann.token })).status)
    const refused = await small.http.get("/chatroom", { token: ann.token })
    await small.close()
    expect(statuses).toEqual([...Array(12).fill(200), ...Array(3).fill(429)])
    expect(refused.body.code).toBe("rate_limited")
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0)
  })
})

test("bytes that are no HTTP close their own connection and nothing else", async () => {
  const { port, hostname } = new URL(app.url)
  for (const bytes of [
    "\u0000\u0001\u0002\r\n\r\n",
    "GET / HTTP/9.9\r\n\r\n",
    `GET /${"a".repeat(100_000)} HTTP/1.1\r\n\r\n`,
  ]) {
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), hostname, () => socket.write(bytes))
      socket.on("error", () => undefined)
      socket.on("close", () => resolve())
      socket.resume()
    })
  }
  expect((await app.http.get("/health/live")).status).toBe(200)
})

test("no log line holds a token, a code, a number, a name or what was said", async () => {
  const room = await createRoom(app, ann, { name: "canary-room-name" })
  await send(app, ann, room, "canary-message-text")
  await app.http.post("/auth/verify-otp", { mobileNumber: ann.mobileNumber, otp: "000000" })
  await app.http.post("/auth/login", { mobileNumber: ann.mobileNumber, password: "canary-password" })
  const logs = app.logs()
  expect(logs).toContain("request completed")
  for (const secret of [
    ann.token,
    ann.refreshToken,
    ann.mobileNumber,
    ann.mobileNumber.slice(1),
    "canary-",
  ]) {
    expect(logs.includes(secret), `log holds ${secret.slice(0, 8)}…`).toBe(false)
  }
})
