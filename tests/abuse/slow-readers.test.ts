import { describe, expect, test, vi } from "vitest"
import { createUnsentBodies } from "../../src/services/platform/unsent-bodies.ts"
import { addRoom } from "../helpers/rooms.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"
import { converse } from "./kit/raw.ts"

const MEGABYTE = 1024 * 1024

const app = useTestApp({
  worker: false,
  config: { http: { unsentBytes: 50 * MEGABYTE } },
  timing: { http: { connectionsCheckMs: 100, slowReaderMs: 1_500 } },
})
const ann = useUser(app)

/** Asks, and reads no more than the beginning. */
function ask(path: string, headers = "") {
  const connection = converse(app.url)
  connection.socket.once("data", () => connection.socket.pause())
  connection.socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n${headers}\r\n`)
  return connection
}

describe("clients that don't read", () => {
  test.each(["/docs/swagger-ui-bundle.js", "/openapi.json"])(
    "share the bytes of %s, however many they are",
    async (path) => {
      expect((await fetch(app.url + path)).status).toBe(200)
      const before = process.memoryUsage().arrayBuffers
      let most = 0
      const watch = setInterval(() => {
        most = Math.max(most, process.memoryUsage().arrayBuffers - before)
      }, 2)
      const clients = Array.from({ length: 250 }, () => ask(path))
      await vi.waitUntil(() => clients.every(({ said }) => said() !== ""), 20_000)
      clearInterval(watch)
      for (const { socket } of clients) socket.destroy()
      expect(most).toBeLessThan(100 * MEGABYTE)
      expect(app.ctx.unsentBodies.bytes()).toBe(0)
    },
  )

  test("of long bodies leave memory for others: who stands still longest is cut off", async () => {
    const { room, id } = await addLongMessage()
    const token = `Authorization: Bearer ${ann.token}\r\n`
    const clients: ReturnType<typeof ask>[] = []
    for (let n = 1; n <= 4; n++) {
      clients.push(ask(`/chatroom/${room}/message/${id}`, token))
      await vi.waitUntil(() => app.ctx.unsentBodies.bytes() > Math.min(n, 2) * 20 * MEGABYTE - 1, 20_000)
      expect(app.ctx.unsentBodies.bytes()).toBeLessThan(50 * MEGABYTE)
    }
    // The last two are cut off in their turn, because they are too slow.
    await expect.poll(() => app.ctx.unsentBodies.bytes(), { timeout: 20_000 }).toBe(0)
    for (const { socket } of clients) socket.resume()
    await Promise.all(clients.map(({ closed }) => closed))
  })

  /** A message of 20 MB, more than the buffers of both ends take. */
  async function addLongMessage() {
    const room = await addRoom(app, ann.user.id, 2, "hello")
    const [{ id } = { id: "" }] = await app.query(
      "UPDATE messages SET content = $2 WHERE chatroom_id = $1 AND position = 1 RETURNING id",
      room,
      "x".repeat(20 * MEGABYTE),
    )
    return { room, id }
  }

  test("of anything are cut off, one that reads slowly but surely isn't", async () => {
    const { room } = await addLongMessage()
    const response = await fetch(`${app.url}/chatroom/${room}/message`, {
      headers: { Authorization: `Bearer ${ann.token}` },
    })
    let bytes = 0
    // Longer than a client may stand still, and always reading.
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      bytes += chunk.length
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    expect(bytes).toBeGreaterThan(20 * MEGABYTE)
  }, 60_000)
})

const crowded = useTestApp({ worker: false, beside: app, config: { http: { maxConnections: 10 } } })

test("connections beyond MAX_CONNECTIONS are closed at once", async () => {
  const clients = Array.from({ length: 10 }, () => converse(crowded.url))
  await vi.waitUntil(() => clients.every(({ socket }) => !socket.connecting), 10_000)
  const late = converse(crowded.url)
  await late.closed
  for (const { socket } of clients) socket.destroy()
})

test("bodies are cut off in the order of their last progress, the newest last", () => {
  const bodies = createUnsentBodies(100)
  const cut: string[] = []
  const hold = (name: string, bytes: number) => bodies.hold(bytes, () => cut.push(name))
  const a = hold("a", 40)
  hold("b", 40)
  a.progress()
  hold("c", 40)
  expect([cut, bodies.bytes()]).toEqual([["b"], 80])
  const big = hold("big", 200)
  expect([cut, bodies.bytes()]).toEqual([["b", "a", "c"], 200])
  a[Symbol.dispose]()
  expect(bodies.bytes()).toBe(200)
  big[Symbol.dispose]()
  expect(bodies.bytes()).toBe(0)
})
