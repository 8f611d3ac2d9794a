import { once } from "node:events"
import { type IncomingMessage, request } from "node:http"
import { describe, expect, test, vi } from "vitest"
import { Export } from "../../src/schemas/user.ts"
import { signInWithPassword } from "../helpers/accounts.ts"
import { times } from "../helpers/answers.ts"
import { signIn } from "../helpers/app.ts"
import { addRoom } from "../helpers/rooms.ts"
import { useTestApp } from "../helpers/use-app.ts"

describe("GET /user/me/export", () => {
  const app = useTestApp({ worker: false })

  /** The reply, of which nothing is read yet. */
  async function open(token: string): Promise<IncomingMessage> {
    const req = request(`${app.url}/user/me/export`, { headers: { Authorization: `Bearer ${token}` } }).end()
    const [res] = await once(req, "response")
    return res
  }
  const read = (token: string) => app.http.get("/user/me/export", { token })

  test("gives all that the user has, as the contract says", async () => {
    const one = await signInWithPassword(app)
    await one.http.patch("/user/me", { name: "Ada" })
    await addRoom(app, (await signIn(app)).user.id, 3, "of somebody else")
    const long = await addRoom(app, one.user.id, 120, 'quoted "\\ 🧑🏽‍🚀\n')
    const empty = await addRoom(app, one.user.id, 0)
    await app.query(
      "INSERT INTO usage_counters (user_id, day, used) VALUES ($1, '2026-11-30', 3)",
      one.user.id,
    )
    const answer = await read(one.token)
    expect(answer.status).toBe(200)
    expect(answer.headers.get("content-type")).toContain("application/json")
    expect(answer.headers.get("cache-control")).toBe("no-store")
    const { user, sessions, usage, chatrooms } = Export.parse(answer.body)
    const { mobileNumber } = one
    expect(user).toMatchObject({ id: one.user.id, name: "Ada", mobileNumber, hasPassword: true })
    expect(sessions).toHaveLength(1)
    expect(usage).toEqual([{ day: "2026-11-30", prompts: 3, webSearch: 0, urlContext: 0 }])
    expect(chatrooms.map((room) => [room.id, room.messages.length])).toEqual([
      [long, 120],
      [empty, 0],
    ])
    expect(chatrooms[0]?.messages.map((message) => message.content)).toEqual(
      Array.from({ length: 120 }, (_, n) => `quoted "\\ 🧑🏽‍🚀\n ${n}`),
    )
    expect(JSON.stringify(answer.body)).not.toMatch(/\$2b\$|of somebody else/)
  })

  test("of an empty account is whole, too", async () => {
    const { token } = await signIn(app)
    const { body } = await read(token)
    expect([body.usage, body.chatrooms]).toEqual([[], []])
  })

  test("of many rooms has each once", async () => {
    const { token, user } = await signIn(app)
    const rooms = await times(401, (n) => addRoom(app, user.id, n % 3))
    const query = vi.spyOn(app.pool, "query")
    const { body } = await read(token)
    const reads = query.mock.calls.filter(([text]) => /FROM (?:messages|chatrooms)/.test(String(text)))
    query.mockRestore()
    const counts = new Map<string, number>(
      body.chatrooms.map(({ id, messages }: { id: string; messages: unknown[] }) => [id, messages.length]),
    )
    expect(rooms.map((id) => counts.get(id))).toEqual(rooms.map((_, n) => n % 3))
    // Of rooms and of messages, for each 200 rooms.
    expect(reads.length).toBeLessThan(10)
  })

  test("of long and of many messages has each once, in their order", async () => {
    const { token, user } = await signIn(app)
    const rooms = [
      await addRoom(app, user.id, 30, "x".repeat(100_000)),
      await addRoom(app, user.id, 1_203),
      await addRoom(app, user.id, 2, "y".repeat(2_000_000)),
      await addRoom(app, user.id, 500),
    ]
    const { body } = await read(token)
    const found = body.chatrooms.map(({ id, messages }: { id: string; messages: { position: number }[] }) => [
      id,
      messages.map(({ position }) => position),
    ])
    const positions = (n: number) => Array.from({ length: n }, (_, position) => position)
    expect(found).toEqual([30, 1_203, 2, 500].map((n, room) => [rooms[room], positions(n)]))
  })

  test("of 24 MB is read from the database no faster than the client takes it", async () => {
    const { token, user } = await signIn(app)
    const batches = 24 / 1.1
    await addRoom(app, user.id, 4_000, "x".repeat(6_000))
    const query = vi.spyOn(app.pool, "query")
    const read = () => query.mock.calls.filter(([text]) => String(text).includes("FROM messages")).length
    const res = await open(token)
    await unchanging(read)
    expect(read()).toBeLessThan(batches / 2)
    let size = 0
    for await (const chunk of res) size += chunk.length
    expect(size).toBeGreaterThan(24_000_000)
    expect(read()).toBeGreaterThanOrEqual(batches)
    query.mockRestore()
  })

  test("that the client stops reading is aborted without an error", async () => {
    const { token, user } = await signIn(app)
    await addRoom(app, user.id, 2_000, "x".repeat(6_000))
    const res = await open(token)
    await once(res, "data")
    res.destroy()
    await expect.poll(() => app.logs()).toContain('"route":"/user/me/export","status":200')
    await expect.poll(() => app.logs()).toContain('"aborted":true')
    expect(app.logs()).not.toContain("raised an error")
    expect((await read((await signIn(app)).token)).status).toBe(200)
  })
})

/** Resolves when `value` has been the same for a while. */
async function unchanging(value: () => number): Promise<void> {
  let last = -1
  const same = () => {
    const before = last
    last = value()
    return last === before
  }
  await expect.poll(same, { interval: 300, timeout: 10_000 }).toBe(true)
}
