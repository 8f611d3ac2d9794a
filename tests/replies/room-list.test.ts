import pg from "pg"
import { describe, expect, test, vi } from "vitest"
import { cleanUp } from "../../src/services/maintenance/clean-up.ts"
import {
  formatRoomListCursor,
  parseRoomListCursor,
} from "../../src/services/replies/stream/room-list-cursor.ts"
import { DAY, HOUR } from "../../src/utils/time.ts"
import type { ServerEvent } from "../../tools/lib/http.ts"
import { expectProblem, PATIENCE_MS } from "../helpers/answers.ts"
import { type SignedIn, signIn, type TestApp } from "../helpers/app.ts"
import { ask, createRoom, finalReply, send } from "../helpers/chat.ts"
import { usePair } from "../helpers/pair.ts"

const { app, worker } = usePair({ http: { streamsPerUser: 3 } })

/** Follows a user's list in the background. */
function follow(user: SignedIn, lastEventId?: string, on: TestApp = app) {
  const hangUp = new AbortController()
  const events: ServerEvent[] = []
  const headers: Record<string, string> = lastEventId === undefined ? {} : { "Last-Event-ID": lastEventId }
  const ended = (async () => {
    const options = { token: user.token, headers, signal: hangUp.signal }
    try {
      for await (const event of on.http.events("/user/me/events", options)) events.push(event)
    } catch (error) {
      if (!hangUp.signal.aborted) throw error
    }
  })()
  return {
    events,
    ended,
    /** What a client knows of the list. */
    rooms: () => apply(events),
    until: (check: () => void) => vi.waitFor(check, { timeout: PATIENCE_MS, interval: 10 }),
    async stop() {
      hangUp.abort()
      await ended
      return events.at(-1)?.id
    },
  }
}

function apply(events: readonly ServerEvent[]): Map<string, ServerEvent["data"]> {
  const rooms = new Map<string, ServerEvent["data"]>()
  for (const { event, data } of events) {
    if (event === "chatroom") rooms.set(data.id, data)
    if (event === "deleted") rooms.delete(data.id)
  }
  return rooms
}

/** Follows a new user's list, from its `reset` on. */
async function startFollowing() {
  const user = await signIn(app)
  const listener = follow(user)
  await listener.until(() => expect(listener.events).toMatchObject([{ event: "reset", data: {} }]))
  return { user, listener }
}

describe("the events of the list", () => {
  test("are rooms that are created, change, get a reply or go, on any device", async () => {
    const { user, listener } = await startFollowing()
    const room = await createRoom(worker, user, { name: "one" })
    await listener.until(() => expect(listener.rooms().get(room.id)?.name).toBe("one"))
    await worker.http.patch(`/chatroom/${room.id}`, { name: "renamed" }, { token: user.token })
    await listener.until(() => expect(listener.rooms().get(room.id)?.name).toBe("renamed"))
    const reply = await ask(worker, user, room, "hello")
    const { body: stored } = await user.http.get(`/chatroom/${room.id}`)
    const { messages, ...fields } = stored
    // The last state of the room comes after the reply's end.
    await listener.until(() => expect(listener.rooms().get(room.id)).toEqual(fields))
    expect(Date.parse(fields.updatedAt)).toBeGreaterThanOrEqual(Date.parse(reply.completedAt))
    await worker.http.delete(`/chatroom/${room.id}`, { token: user.token })
    await listener.until(() =>
      expect(listener.events.at(-1)).toMatchObject({ event: "deleted", data: { id: room.id } }),
    )
    await listener.stop()
  })

  test("come without a notification, too", async () => {
    const { user, listener } = await startFollowing()
    const room = await createRoom(app, user)
    await listener.until(() => expect(listener.rooms().has(room.id)).toBe(true))
    // As another program does, which publishes nothing.
    await app.query("UPDATE chatrooms SET name = 'by hand' WHERE id = $1", room.id)
    await listener.until(() => expect(listener.rooms().get(room.id)?.name).toBe("by hand"))
    await app.query("DELETE FROM chatrooms WHERE id = $1", room.id)
    await listener.until(() => expect(listener.rooms().size).toBe(0))
    await listener.stop()
  })

  test("are nobody else's, and each write comes once", async () => {
    const { listener } = await startFollowing()
    const { user: other, listener: others } = await startFollowing()
    const rooms = await Promise.all(Array.from({ length: 5 }, () => createRoom(app, other)))
    await others.until(() => expect(others.rooms().size).toBe(5))
    await Promise.all(rooms.map((room) => app.http.delete(`/chatroom/${room.id}`, { token: other.token })))
    await others.until(() => expect(others.rooms().size).toBe(0))
    expect(others.events.filter(({ event }) => event === "chatroom")).toHaveLength(5)
    expect(others.events.filter(({ event }) => event === "deleted")).toHaveLength(5)
    expect(listener.events).toHaveLength(1)
    await Promise.all([listener.stop(), others.stop()])
  })

  test("of a transaction that began long before its commit are not lost", async () => {
    const { user, listener } = await startFollowing()
    const [slow, quick] = [await createRoom(app, user), await createRoom(app, user)]
    await listener.until(() => expect(listener.rooms().size).toBe(2))
    const client = new pg.Client(app.pool.options as pg.ClientConfig)
    await client.connect()
    try {
      // Its number is older than those of the changes that are committed meanwhile.
      await client.query("BEGIN")
      await client.query("SELECT pg_current_xact_id()")
      for (const name of ["first", "second"]) {
        await user.http.patch(`/chatroom/${quick.id}`, { name })
        await listener.until(() => expect(listener.rooms().get(quick.id)?.name).toBe(name))
      }
      await client.query("UPDATE chatrooms SET name = 'slow' WHERE id = $1", [slow.id])
      await client.query("COMMIT")
    } finally {
      await client.end()
    }
    await listener.until(() => expect(listener.rooms().get(slow.id)?.name).toBe("slow"))
    const names = listener.events.map(({ data }) => data.name).filter((name) => name !== "New chat")
    expect(names).toEqual([undefined, "first", "second", "slow"])
    await listener.stop()
  })

  test("end with the session", async () => {
    const { user, listener } = await startFollowing()
    expect((await user.http.post("/auth/logout")).status).toBe(204)
    await listener.ended
    expectProblem(await user.http.get("/user/me/events"), 401, "unauthenticated")
  })
})

describe("a listener that comes back", () => {
  test("gets what has changed meanwhile, and what is gone", async () => {
    const { user, listener } = await startFollowing()
    const rooms = await Promise.all(
      Array.from({ length: 4 }, (_, n) => createRoom(app, user, { name: `${n}` })),
    )
    await listener.until(() => expect(listener.rooms().size).toBe(4))
    const last = await listener.stop()
    const [renamed, gone, answered] = rooms as [{ id: string }, { id: string }, { id: string }]
    await user.http.patch(`/chatroom/${renamed.id}`, { name: "renamed" })
    await user.http.delete(`/chatroom/${gone.id}`)
    const brief = await createRoom(app, user)
    await user.http.delete(`/chatroom/${brief.id}`)
    await ask(app, user, answered, "meanwhile")
    const back = follow(user, last, worker)
    await back.until(() => {
      const changed = [...back.rooms().values()].map(({ id, name }) => [id, name])
      expect(changed).toEqual(expect.arrayContaining([[renamed.id, "renamed"]]))
      expect(back.rooms().get(answered.id)?.lastMessageAt).toEqual(expect.any(String))
      expect(back.events.filter(({ event }) => event === "deleted").map(({ data }) => data.id)).toEqual(
        expect.arrayContaining([gone.id, brief.id]),
      )
    })
    expect(back.events.map(({ event }) => event)).not.toContain("reset")
    await back.stop()
  })

  test("misses nothing, wherever it was cut", async () => {
    const user = await signIn(app)
    const seen: ServerEvent[] = []
    let last: string | undefined
    const rooms = new Map<string, string>()
    for (let round = 0; round < 12; round++) {
      const listener = follow(user, last, round % 2 ? app : worker)
      await listener.until(() => expect(listener.events.length).toBeGreaterThan(last === undefined ? 0 : -1))
      const made = await Promise.all(
        Array.from({ length: 3 }, (_, n) => createRoom(app, user, { name: `${round}.${n}` })),
      )
      for (const { id } of made) rooms.set(id, "")
      const victim = [...rooms.keys()][round % rooms.size] as string
      await user.http.delete(`/chatroom/${victim}`)
      rooms.delete(victim)
      // Cut in the middle of what is on its way.
      last = (await listener.stop()) ?? last
      seen.push(...listener.events)
    }
    const listener = follow(user, last)
    await listener.until(() => {
      expect([...apply([...seen, ...listener.events]).keys()].sort()).toEqual([...rooms.keys()].sort())
    })
    await listener.stop()
  })

  test("of more rooms than a page gets all of them", async () => {
    const { user, listener } = await startFollowing()
    const last = await listener.stop()
    await app.query(
      `INSERT INTO chatrooms (user_id, id, name) SELECT $1, gen_random_uuid(), 'many' FROM generate_series(1, 120)`,
      user.user.id,
    )
    const back = follow(user, last)
    await back.until(() => expect(back.rooms().size).toBe(120))
    expect(back.events).toHaveLength(120)
    await back.stop()
  })

  test("with an id that is too old, of another database or none begins with a reset", async () => {
    const { user, listener } = await startFollowing()
    const { transaction, seconds } = parseRoomListCursor(await listener.stop()) as NonNullable<
      ReturnType<typeof parseRoomListCursor>
    >
    const old = { transaction, seconds: seconds - (12 * HOUR) / 1_000 }
    const future = { transaction: transaction + 1_000_000n, seconds }
    const ids = [
      ...[old, future].map(formatRoomListCursor),
      "",
      "x",
      "1",
      "1.0",
      "-1.5",
      `${"9".repeat(30)}.1`,
    ]
    for (const id of ids) {
      const back = follow(user, id)
      await back.until(() => expect(back.events[0]?.event, id).toBe("reset"))
      await back.stop()
    }
  })
})

test("deleted rooms are remembered for a day, and not of deleted accounts", async () => {
  const user = await signIn(app)
  const room = await createRoom(app, user)
  await user.http.delete(`/chatroom/${room.id}`)
  const remembered = async () =>
    (await app.query("SELECT id FROM deleted_chatrooms WHERE user_id = $1", user.user.id)).length
  await cleanUp(app.ctx)
  expect(await remembered()).toBe(1)
  await app.query(
    `UPDATE deleted_chatrooms SET deleted_at = now() - interval '${DAY + 1_000} milliseconds' WHERE id = $1`,
    room.id,
  )
  await cleanUp(app.ctx)
  expect(await remembered()).toBe(0)

  await createRoom(app, user)
  expect((await user.http.delete("/user/me")).status).toBe(202)
  await expect
    .poll(async () => (await app.query("SELECT 1 FROM users WHERE id = $1", user.user.id)).length)
    .toBe(0)
  expect(await remembered()).toBe(0)
})

test("the list's stream is for users, and one more than allowed ends the oldest", async () => {
  expectProblem(await app.http.get("/user/me/events"), 401, "unauthenticated")
  const { user, listener } = await startFollowing()
  const more = Array.from({ length: 3 }, () => follow(user))
  await listener.ended
  await Promise.all(more.map((one) => one.until(() => expect(one.events).toHaveLength(1))))
  await Promise.all(more.map((one) => one.stop()))
})

test("a reply that is cancelled before its turn changes the list, too", async () => {
  const { user, listener } = await startFollowing()
  const room = await createRoom(app, user)
  const { body } = await send(app, user, room, "[[gemini: stall after=1]] held")
  await user.http.post(`/chatroom/${room.id}/message/${body.reply.id}/cancel`)
  const reply = await finalReply(app, user, body.reply)
  await listener.until(() => {
    const updatedAt = listener.rooms().get(room.id)?.updatedAt
    expect(Date.parse(updatedAt)).toBeGreaterThanOrEqual(Date.parse(reply.completedAt))
  })
  await listener.stop()
})
