import { beforeEach, describe, expect, test } from "vitest"
import { cleanUp } from "../../src/services/maintenance/clean-up.ts"
import { DAY } from "../../src/utils/time.ts"
import { times } from "../helpers/answers.ts"
import type { TestApp } from "../helpers/app.ts"
import { ask, createRoom, finalReply, send } from "../helpers/chat.ts"
import { setAppNow } from "../helpers/clock.ts"
import { addRoom } from "../helpers/rooms.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"

const app = useTestApp({ timing: { worker: { cleanUpMs: DAY } } })
const ann = useUser(app, { pro: true })

/** Another process, of an operator that keeps rooms for two days. */
const keepsTwoDays = useTestApp(() => ({
  beside: app,
  worker: false,
  config: { retentionMs: 2 * DAY },
}))

beforeEach(() => setAppNow(app.pool, "0 hours"))

async function cleanUpAt(time: string, at: TestApp = app): Promise<void> {
  await setAppNow(app.pool, time)
  await cleanUp(at.ctx)
}

const exists = async ({ id }: { id: string }) => (await ann.http.get(`/chatroom/${id}`)).status === 200

const countMessages = async ({ id }: { id: string }) =>
  (await app.query("SELECT count(*)::int AS n FROM messages WHERE chatroom_id = $1", id))[0].n

describe("a temporary room", () => {
  test("is erased with its messages a day after its last one, and not before", async () => {
    const [room, empty] = await times(2, () => createRoom(app, ann, { temporary: true }))
    const other = await createRoom(app, ann)
    if (!room || !empty) throw new Error("no room")
    await ask(app, ann, room, "hello")
    await ask(app, ann, other, "hello")
    await cleanUpAt("23 hours 59 minutes")
    expect(await times(3, (n) => exists([room, empty, other][n] ?? room))).toEqual([true, true, true])
    await cleanUpAt("24 hours 1 minute")
    expect(await times(3, (n) => exists([room, empty, other][n] ?? room))).toEqual([false, false, true])
    expect(await countMessages(room)).toBe(0)
    const metrics = await app.ctx.metrics.registry.metrics()
    expect(metrics).toMatch(/chat_chatrooms_expired_total\{why="temporary"\} 2/)
  })

  test("stays when it isn't temporary any more", async () => {
    const room = await createRoom(app, ann, { temporary: true })
    await ann.http.patch(`/chatroom/${room.id}`, { temporary: false })
    await cleanUpAt("25 hours")
    expect(await exists(room)).toBe(true)
  })

  test("that was made so isn't erased at once, and changing it doesn't delay its end", async () => {
    const room = await createRoom(app, ann)
    await app.query("UPDATE chatrooms SET activity_at = now() - interval '9 days' WHERE id = $1", room.id)
    await ann.http.patch(`/chatroom/${room.id}`, { temporary: true })
    await cleanUpAt("23 hours")
    expect(await exists(room)).toBe(true)
    await app.query(
      "UPDATE chatrooms SET temporary_since = temporary_since - interval '2 hours' WHERE id = $1",
      room.id,
    )
    await ann.http.patch(`/chatroom/${room.id}`, { temporary: true, name: "still temporary" })
    await cleanUpAt("23 hours")
    expect(await exists(room)).toBe(false)
  })

  test("waits for its unfinished reply, and tells its listeners", async () => {
    const room = await createRoom(app, ann, { temporary: true })
    const { reply } = (await send(app, ann, room, "[[gemini: stall after=1]]")).body
    await cleanUpAt("25 hours")
    expect(await exists(room)).toBe(true)
    await ann.http.post(`/chatroom/${room.id}/message/${reply.id}/cancel`)
    await finalReply(app, ann, reply)
    const events: string[] = []
    let opened = () => {}
    const open = new Promise<void>((resolve) => {
      opened = resolve
    })
    const following = (async () => {
      for await (const { event } of ann.http.events(`/chatroom/${room.id}/events`)) {
        events.push(event)
        opened()
      }
    })()
    await open
    await cleanUpAt("25 hours")
    await following
    expect(events.at(-1)).toBe("deleted")
    expect(await exists(room)).toBe(false)
  })

  test("of thousands of messages goes in one round", async () => {
    const id = await addRoom(app, ann.user.id, 2_500)
    await app.query(
      "UPDATE chatrooms SET temporary = true, activity_at = now() - interval '25 hours' WHERE id = $1",
      id,
    )
    await cleanUp(app.ctx)
    expect([await exists({ id }), await countMessages({ id })]).toEqual([false, 0])
  })

  test("that gets a prompt while it is being erased stays whole, or has gone before", async () => {
    const ids = await times(8, () => addRoom(app, ann.user.id, 20))
    await app.query(
      "UPDATE chatrooms SET temporary = true, activity_at = now() - interval '25 hours' WHERE id = ANY ($1)",
      ids,
    )
    const [sent] = await Promise.all([
      times(ids.length, (n) => send(app, ann, { id: ids[n] as string }, "in time?")),
      cleanUp(app.ctx),
      cleanUp(keepsTwoDays.ctx),
    ])
    for (const [n, { status, body }] of sent.entries()) {
      const room = { id: ids[n] as string }
      expect([202, 404]).toContain(status)
      expect(await exists(room)).toBe(status === 202)
      expect(await countMessages(room)).toBe(status === 202 ? 22 : 0)
      if (status === 202)
        expect(await finalReply(app, ann, body.reply)).toMatchObject({ status: "completed" })
    }
  })
})

describe("with RETENTION_DAYS", () => {
  test("every room goes so many days after its last prompt, pinned and archived ones, too", async () => {
    const rooms = [{}, { pinned: true }, { archived: true }].map((body) => createRoom(app, ann, body))
    const made = await Promise.all(rooms)
    const used = await createRoom(app, ann)
    await app.query("UPDATE chatrooms SET activity_at = now() + interval '1 hour' WHERE id = $1", used.id)
    await cleanUpAt("2 days 1 minute")
    expect(await Promise.all(made.map(exists))).toEqual([true, true, true])
    await cleanUpAt("1 day 23 hours", keepsTwoDays)
    expect(await Promise.all(made.map(exists))).toEqual([true, true, true])
    await cleanUpAt("2 days 1 minute", keepsTwoDays)
    expect(await Promise.all([...made, used].map(exists))).toEqual([false, false, false, true])
  })

  test("a room that another statement has locked is left for a later round", async () => {
    const room = await createRoom(app, ann)
    const client = await app.pool.connect()
    await client.query("BEGIN")
    await client.query("SELECT 1 FROM chatrooms WHERE id = $1 FOR UPDATE", [room.id])
    await cleanUpAt("3 days", keepsTwoDays)
    expect(await exists(room)).toBe(true)
    await client.query("COMMIT")
    client.release()
    await cleanUpAt("3 days", keepsTwoDays)
    expect(await exists(room)).toBe(false)
  })
})
