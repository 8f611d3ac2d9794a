import { describe, expect, test, vi } from "vitest"
import { createUnsentBodies } from "../../src/services/platform/unsent-bodies.ts"
import { MINUTE } from "../../src/utils/time.ts"
import { PATIENCE_MS } from "../helpers/answers.ts"
import type { SignedIn, TestApp } from "../helpers/app.ts"
import { addRoom } from "../helpers/rooms.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"
import { converse } from "./kit/raw.ts"

const MEGABYTE = 1024 * 1024

/** Patient: only memory ends what isn't read. */
const app = useTestApp({
  worker: false,
  config: { http: { unsentBytes: 50 * MEGABYTE } },
  timing: { http: { slowReaderMs: 10 * MINUTE } },
})
const ann = useUser(app)
const strict = useTestApp({
  worker: false,
  beside: app,
  timing: { http: { connectionsCheckMs: 100, slowReaderMs: 1_500 } },
})

/** A request as this user, whose connection ends with it. */
const once = ({ token }: SignedIn) => `Authorization: Bearer ${token}\r\nConnection: close\r\n`

/** Asks, and reads no more than the beginning. */
function ask({ url }: TestApp, path: string, headers = "") {
  const connection = converse(url)
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
      const clients = Array.from({ length: 250 }, () => ask(app, path))
      await vi.waitUntil(() => clients.every(({ said }) => said() !== ""), PATIENCE_MS)
      clearInterval(watch)
      for (const { socket } of clients) socket.destroy()
      expect(most).toBeLessThan(100 * MEGABYTE)
      expect(app.ctx.unsentBodies.bytes()).toBe(0)
    },
  )

  test("of long bodies leave memory for others: who stands still longest is cut off", async () => {
    const { room, id } = await addLongMessage()
    const clients: ReturnType<typeof ask>[] = []
    for (let n = 1; n <= 4; n++) {
      const client = ask(app, `/chatroom/${room}/message/${id}`, once(ann))
      clients.push(client)
      await vi.waitUntil(() => client.said() !== "", PATIENCE_MS)
      expect(app.ctx.unsentBodies.bytes()).toBeGreaterThan(Math.min(n, 2) * 20 * MEGABYTE - 1)
      expect(app.ctx.unsentBodies.bytes()).toBeLessThan(50 * MEGABYTE)
    }
    for (const { socket } of clients) socket.resume()
    await Promise.all(clients.map(({ closed }) => closed))
    const isWhole = clients.map(({ said }) => said().length > 20 * MEGABYTE)
    expect(isWhole).toEqual([false, false, true, true])
  })

  test("are cut off for that alone, too, after a while", async () => {
    const { room, id } = await addLongMessage()
    const client = ask(strict, `/chatroom/${room}/message/${id}`, once(ann))
    await vi.waitUntil(() => client.said() !== "", PATIENCE_MS)
    await expect.poll(() => strict.ctx.unsentBodies.bytes()).toBe(0)
    client.socket.resume()
    await client.closed
    expect(client.said().length).toBeLessThan(20 * MEGABYTE)
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

  test("are told from one that reads slowly but surely", async () => {
    const { room } = await addLongMessage()
    const response = await fetch(`${strict.url}/chatroom/${room}/message`, {
      headers: { Authorization: `Bearer ${ann.token}` },
    })
    let bytes = 0
    // Longer than a client may stand still, and always reading.
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      bytes += chunk.length
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    expect(bytes).toBeGreaterThan(20 * MEGABYTE)
  })
})

const crowded = useTestApp({ worker: false, beside: app, config: { http: { maxConnections: 10 } } })

test("connections beyond MAX_CONNECTIONS are closed at once", async () => {
  const clients = Array.from({ length: 10 }, () => converse(crowded.url))
  await vi.waitUntil(() => clients.every(({ socket }) => !socket.connecting), PATIENCE_MS)
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
