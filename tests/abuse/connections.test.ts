import { setTimeout as after } from "node:timers/promises"
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest"
import { SECOND } from "../../src/utils/time.ts"
import { type SignedIn, signIn, startTestApp, type TestApp } from "../helpers/app.ts"
import { createRoom } from "../helpers/chat.ts"
import { converse, say, statusesIn } from "./kit/raw.ts"

/** A third of production's; those add up to the 15 s that are promised (`tests/unit/timing`). */
const CUT_OFFS = {
  headersTimeoutMs: 3 * SECOND,
  requestTimeoutMs: 4 * SECOND,
  connectionsCheckMs: 0.3 * SECOND,
  slowReaderMs: 3 * SECOND,
}
const CUT_WITHIN_MS = 6 * SECOND

let app: TestApp
let hurried: TestApp
let ann: SignedIn

beforeAll(async () => {
  app = await startTestApp({ worker: false })
  hurried = await startTestApp({ beside: app, worker: false, timing: { http: CUT_OFFS } })
  ann = await signIn(app)
})
afterAll(async () => {
  await hurried.close()
  await app.close()
})

/** Says `start`, then `drip` again and again until the server has had enough, or said something last. */
async function dripped(start: string, drip: string, { url = app.url, everyMs = 500 } = {}) {
  const { socket, said, closed } = converse(url)
  socket.write(start)
  const before = start.startsWith(GOOD) ? await firstWords(said) : ""
  const timer = setInterval(() => drip && said() === before && socket.write(drip), everyMs)
  const ms = await closed
  clearInterval(timer)
  return { ms, said: said(), statuses: statusesIn(said()) }
}

const GOOD = "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"
const firstWords = (said: () => string) => vi.waitUntil(() => said().includes("live") && said(), 10_000)

const POST = (path: string, headers: string) =>
  `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${headers}\r\n\r\n`

describe.concurrent("a client that is slow is cut off in time", () => {
  test.each([
    ["connects and says nothing", "", ""],
    ["sends its first line a letter at a time", "GET /", "a"],
    ["sends headers without an end", "GET / HTTP/1.1\r\nHost: x\r\n", "X-More: y\r\n"],
    ["sends one header a letter at a time", "GET / HTTP/1.1\r\nHost: x\r\nX-Long: ", "y"],
    ["sends a body a letter at a time", `${POST("/auth/login", "Content-Length: 5000")}{`, " "],
    ["announces a body and sends none", POST("/auth/login", "Content-Length: 5000"), ""],
    ["sends chunks without an end", POST("/auth/login", "Transfer-Encoding: chunked"), "1\r\n \r\n"],
    ["sends one chunk slowly", `${POST("/auth/login", "Transfer-Encoding: chunked")}fff\r\n`, " "],
    ["sends a body to a route without one", "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n", " "],
  ])("%s", { timeout: 30_000 }, async (_, start, drip) => {
    const { ms, statuses } = await dripped(start, drip, { url: hurried.url })
    expect(ms).toBeLessThan(CUT_WITHIN_MS)
    expect(statuses.every((status) => status < 500)).toBe(true)
  })

  test("begins a second request on a connection that was good", { timeout: 30_000 }, async () => {
    const { ms, statuses } = await dripped(`${GOOD}GET / HTTP/1.1\r\nX-A: `, "b", { url: hurried.url })
    expect(ms).toBeLessThan(CUT_WITHIN_MS)
    expect(statuses[0]).toBe(200)
  })

  test.each(["/user/me/export", "/chatroom/:id/message"])(
    "asks for %s and doesn't read it",
    { timeout: 60_000 },
    async (route) => {
      const reader = await signIn(app)
      const { id } = await createRoom(app, reader)
      await fill(id)
      const { socket, closed } = converse(hurried.url)
      socket.pause()
      const path = `${route.replace(":id", id)}?limit=100`
      socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${reader.token}\r\n\r\n`)
      await vi.waitFor(() => expect(endOf(route)).toMatchObject({ aborted: true }), {
        timeout: 45_000,
        interval: 250,
      })
      socket.destroy()
      await closed
    },
  )

  /** More than the kernel takes off our hands. */
  const fill = (roomId: string) =>
    app.pool.query(
      `INSERT INTO messages (user_id, id, chatroom_id, position, role, content, status, completed_at)
       SELECT (SELECT user_id FROM chatrooms WHERE id = $1), gen_random_uuid(), $1, n, 'user', repeat('x', 300000), 'completed', now()
       FROM generate_series(1, 100) AS n`,
      [roomId],
    )

  /** The line that the route's last request has left. */
  function endOf(route: string): object | undefined {
    const lines = hurried
      .logs()
      .split("\n")
      .filter((line) => line.includes(`"route":"${route}"`))
    return lines.map((line) => JSON.parse(line)).findLast(({ msg }) => msg === "request completed")
  }

  test("doesn't keep others waiting", { timeout: 30_000 }, async () => {
    const slow = Array.from({ length: 200 }, () => converse(app.url))
    for (const { socket } of slow) socket.write("GET / HTTP/1.1\r\nX-A: ")
    for (let i = 0; i < 10; i++)
      expect((await app.http.get("/user/me", { token: ann.token })).status).toBe(200)
    for (const { socket } of slow) socket.destroy()
  })
})

describe.concurrent("a client that never ends", () => {
  test.each([
    ["its chunked body", "Transfer-Encoding: chunked", `8000\r\n${" ".repeat(0x8000)}\r\n`],
    ["a body of a length that nobody takes", "Content-Length: 99999999999", " ".repeat(0x8000)],
  ])("%s, is cut off as soon as it is too much, not when its time is up", async (_, header, chunk) => {
    const { statuses, ms } = await dripped(POST("/auth/login", header), chunk, { everyMs: 1 })
    // A body that is merely slow is given 10 s and more.
    expect(ms).toBeLessThan(8_000)
    // Who still sends may not hear the answer.
    expect(statuses.filter((status) => status !== 413)).toEqual([])
  })

  test.each([600_000, 4_000_000])("hears that %i bytes are too many, when it does end", async (bytes) => {
    const answer = await app.http.post("/auth/login", " ".repeat(bytes))
    expect([answer.status, answer.body.code]).toEqual([413, "payload_too_large"])
  })

  test("a body that nobody reads, is answered at once and cut off", async () => {
    const { statuses } = await dripped(POST("/chatroom", "Transfer-Encoding: chunked"), "1\r\n \r\n", {
      everyMs: 50,
    })
    expect(statuses).toEqual([401])
  })

  test("its line, its headers or their number, gets a 431 or a 400", async () => {
    const line = await say(app.url, `GET /${"a".repeat(100_000)} HTTP/1.1\r\nHost: x\r\n\r\n`)
    const header = await say(app.url, `GET / HTTP/1.1\r\nHost: x\r\nX-A: ${"a".repeat(100_000)}\r\n\r\n`)
    const many = await say(app.url, `GET / HTTP/1.1\r\nHost: x\r\n${"X-A: b\r\n".repeat(20_000)}\r\n`)
    const chunkExtension = await say(
      app.url,
      `${POST("/auth/login", "Transfer-Encoding: chunked")}1;${"a".repeat(100_000)}\r\n{\r\n`,
    )
    expect([line, header, many].flatMap(statusesIn)).toEqual([431, 431, 431])
    expect(statusesIn(chunkExtension)).toEqual([413])
  })

  test("its trailers, is cut off", async () => {
    const trailers = "X-T: y\r\n".repeat(20_000)
    const said = await say(
      app.url,
      `${POST("/auth/login", "Transfer-Encoding: chunked\r\nConnection: close")}2\r\n{}\r\n0\r\n${trailers}`,
    )
    expect(statusesIn(said).every((status) => status >= 400 && status < 500)).toBe(true)
  })
})

test("streams of one user are bounded, and closing them frees their places", async () => {
  const room = await createRoom(app, ann)
  const open = () => {
    const stop = new AbortController()
    const answer = fetch(`${app.url}/chatroom/${room.id}/events`, {
      headers: { Authorization: `Bearer ${ann.token}` },
      signal: stop.signal,
    })
    return { answer, stop }
  }
  const streams = Array.from({ length: 20 }, open)
  const statuses = await Promise.all(streams.map(async ({ answer }) => (await answer).status))
  const most = app.ctx.config.http.streamsPerUser
  expect(statuses.filter((status) => status === 200)).toHaveLength(most)
  expect(statuses.filter((status) => status === 429)).toHaveLength(20 - most)
  for (const { stop } of streams) stop.abort()
  await expect
    .poll(async () => {
      const { answer, stop } = open()
      const { status } = await answer
      stop.abort()
      await after(1)
      return status
    })
    .toBe(200)
})
