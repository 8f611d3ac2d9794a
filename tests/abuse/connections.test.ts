import { describe, expect, test, vi } from "vitest"
import { HOUR } from "../../src/utils/time.ts"
import { PATIENCE_MS } from "../helpers/answers.ts"
import { signIn, type TestApp } from "../helpers/app.ts"
import { createRoom } from "../helpers/chat.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"
import { type Conversation, converse, say, statusesIn } from "./kit/raw.ts"

const app = useTestApp({ worker: false })
const ann = useUser(app)
/** Cuts slow clients off sooner than production, and another one practically never. */
const strict = useTestApp({
  worker: false,
  beside: app,
  timing: {
    http: { headersTimeoutMs: 800, requestTimeoutMs: 1_000, connectionsCheckMs: 100, slowReaderMs: 300 },
  },
})
const patient = useTestApp({
  worker: false,
  beside: app,
  timing: { http: { headersTimeoutMs: HOUR, requestTimeoutMs: HOUR } },
})

/** Says `start`, then `drip` again and again until the server has had enough, or said something last. */
async function dripped(at: TestApp, start: string, drip: string, everyMs = 50): Promise<number[]> {
  const { socket, said, closed } = converse(at.url)
  socket.write(start)
  const before = start.startsWith(GOOD) ? await firstWords(said) : ""
  const timer = setInterval(() => drip && said() === before && socket.write(drip), everyMs)
  await closed
  clearInterval(timer)
  return statusesIn(said())
}

const GOOD = "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"
const firstWords = (said: () => string) => vi.waitUntil(() => said().includes("live") && said(), PATIENCE_MS)

const POST = (path: string, headers: string) =>
  `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${headers}\r\n\r\n`

describe.concurrent("a client that is slow is cut off", () => {
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
  ])("%s", async (_, start, drip) => {
    const statuses = await dripped(strict, start, drip)
    expect(statuses.every((status) => status < 500)).toBe(true)
  })

  test("begins a second request on a connection that was good", async () => {
    expect((await dripped(strict, `${GOOD}GET / HTTP/1.1\r\nX-A: `, "b"))[0]).toBe(200)
  })

  test.each(["/user/me/export", "/chatroom/:id/message"])(
    "asks for %s and doesn't read it",
    async (route) => {
      const reader = await signIn(app)
      const { id } = await createRoom(app, reader)
      await fill(id)
      const { socket, closed } = converse(strict.url)
      socket.pause()
      const path = `${route.replace(":id", id)}?limit=100`
      socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${reader.token}\r\n\r\n`)
      await vi.waitFor(() => expect(endOf(route)).toMatchObject({ aborted: true }), PATIENCE_MS)
      socket.destroy()
      await closed
    },
  )

  /** More than the kernel takes off our hands. */
  const fill = (roomId: string) =>
    app.pool.query(
      `INSERT INTO messages (user_id, id, chatroom_id, position, role, content, status, completed_at)
       SELECT user_id, gen_random_uuid(), id, 1, 'user', repeat('x', 20000000), 'completed', now()
       FROM chatrooms WHERE id = $1`,
      [roomId],
    )

  /** The line that the route's last request has left. */
  function endOf(route: string): object | undefined {
    const lines = strict
      .logs()
      .split("\n")
      .filter((line) => line.includes(`"route":"${route}"`))
    return lines.map((line) => JSON.parse(line)).findLast(({ msg }) => msg === "request completed")
  }

  test("doesn't keep others waiting", async () => {
    const slow = Array.from({ length: 200 }, () => converse(app.url))
    for (const { socket } of slow) socket.write("GET / HTTP/1.1\r\nX-A: ")
    for (let i = 0; i < 10; i++) expect((await ann.http.get("/user/me")).status).toBe(200)
    for (const { socket } of slow) socket.destroy()
  })
})

describe.concurrent("a client that never ends", () => {
  test.each([
    ["its chunked body", "Transfer-Encoding: chunked", `8000\r\n${" ".repeat(0x8000)}\r\n`],
    ["a body of a length that nobody takes", "Content-Length: 99999999999", " ".repeat(0x8000)],
  ])("%s, is cut off because it is too much, not because its time is up", async (_, header, chunk) => {
    const statuses = await dripped(patient, POST("/auth/login", header), chunk, 1)
    // A client that is still sending may not receive the answer.
    expect(statuses.filter((status) => status !== 413)).toEqual([])
  })

  test.each([600_000, 4_000_000])("hears that %i bytes are too many, when it does end", async (bytes) => {
    const answer = await app.http.post("/auth/login", " ".repeat(bytes))
    expect([answer.status, answer.body.code]).toEqual([413, "payload_too_large"])
  })

  test("a body that nobody reads, is answered at once and cut off", async () => {
    const statuses = await dripped(patient, POST("/chatroom", "Transfer-Encoding: chunked"), "1\r\n \r\n")
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

test("streams of one user are bounded: a new one takes the place of the oldest, also when their client is frozen", async () => {
  const room = await createRoom(app, ann)
  const request = `GET /chatroom/${room.id}/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ann.token}\r\n\r\n`
  const most = app.ctx.config.http.streamsPerUser
  const streams: Conversation[] = []
  for (let i = 0; i < most + 3; i++) {
    const stream = converse(app.url)
    stream.socket.write(request)
    await vi.waitUntil(() => stream.said().includes("event: chatroom"), PATIENCE_MS)
    // A program stopped by SIGSTOP reads nothing, and its system keeps the connection open.
    stream.socket.pause()
    streams.push(stream)
  }
  expect(app.ctx.streamLimit.count()).toBe(most)
  for (const { socket } of streams) socket.resume()
  const ended = (stream: Conversation) =>
    /event: evicted\ndata: \{\}\n\nretry: 15000\n\n\r\n0\r\n\r\n$/.test(stream.said())
  await expect.poll(() => streams.map(ended)).toEqual(streams.map((_, i) => i < 3))
  for (const { socket } of streams) socket.destroy()
  await expect.poll(() => app.ctx.streamLimit.count()).toBe(0)
})
