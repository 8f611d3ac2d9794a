import pg from "pg"
import { describe, expect, test } from "vitest"
import { followRoom as roomEvents } from "../../src/services/replies/stream/follow-room.ts"
import { newId } from "../../src/utils/ids.ts"
import { ask, createRoom, send } from "../helpers/chat.ts"
import { followRoom, texts } from "../helpers/follow-room.ts"
import { usePair } from "../helpers/pair.ts"
import { useUser } from "../helpers/use-app.ts"

const { app, worker } = usePair({ http: { streamsPerUser: 3 } })
const ann = useUser(app, { pro: true })

const follow = (room: { id: string }, lastEventId?: string) => followRoom(app, ann, room, lastEventId)

/** Follows a room, and waits for its first event. */
async function startFollowing(room: { id: string }) {
  const listener = follow(room)
  await listener.until(() => expect(listener.events).toHaveLength(1))
  return listener
}

/** The status that a listener gets, which hangs up at once. */
async function statusOf(room: { id: string }): Promise<number> {
  const hangUp = new AbortController()
  const headers = { Authorization: `Bearer ${ann.token}` }
  const url = `${app.url}/chatroom/${room.id}/events`
  const { status } = await fetch(url, { headers, signal: hangUp.signal })
  hangUp.abort()
  return status
}

describe("the events of a room", () => {
  test("are its fields, then prompts, replies and changes from any device", async () => {
    const room = await createRoom(app, ann)
    const listener = await startFollowing(room)
    const { body } = await send(worker, ann, room, "from another device")
    await listener.until(() => expect(listener.named("done")).toHaveLength(1))
    expect(listener.named("message").map(({ data }) => data.id)).toEqual([body.id, body.reply.id])
    const done = listener.named("done")[0]?.data
    expect(done).toMatchObject({ id: body.reply.id, messageId: body.reply.id, status: "completed" })
    expect(texts(listener.events)[body.reply.id]).toBe(done.content)
    await worker.http.patch(`/chatroom/${room.id}`, { name: "renamed elsewhere" }, { token: ann.token })
    await listener.until(() => expect(listener.named("chatroom").at(-1)?.data.name).toBe("renamed elsewhere"))
    await worker.http.delete(`/chatroom/${room.id}`, { token: ann.token })
    await listener.ended
    expect(listener.events.at(-1)?.event).toBe("deleted")
  })

  test("go on exactly where a listener was", async () => {
    const room = await createRoom(app, ann)
    const before = await startFollowing(room)
    for (let i = 0; i < 3; i++) await send(app, ann, room, `[[gemini: chunks=15 delay=10]] part ${i}`)
    // Where the log doesn't answer, a whole reply is one delta.
    await before.until(() => expect(before.named("delta").length).toBeGreaterThan(0))
    await before.stop()
    const after = follow(room, before.events.at(-1)?.id)
    await after.until(() => expect(before.named("done").length + after.named("done").length).toBe(3))
    await after.stop()
    const all = [...before.events, ...after.events]
    expect(all.filter(({ event }) => event === "reset")).toEqual([])
    const ids = all.filter(({ event }) => event === "message").map(({ data }) => data.id)
    expect(ids).toHaveLength(6)
    expect(new Set(ids).size).toBe(6)
    for (const { data } of all.filter(({ event }) => event === "done"))
      expect(texts(all)[data.id]).toBe(data.content)
  })

  test("go on with the next reply after one that is whole", async () => {
    const room = await createRoom(app, ann)
    const listener = await startFollowing(room)
    await ask(app, ann, room, "whole")
    await listener.until(() => expect(listener.named("done")).toHaveLength(1))
    await listener.stop()
    const next = await ask(app, ann, room, "next")
    const after = follow(room, listener.named("done")[0]?.id)
    await after.until(() => expect(after.named("done")).toHaveLength(1))
    await after.stop()
    expect(after.named("reset")).toEqual([])
    expect(texts(after.events)).toEqual({ [next.id]: next.content })
  })

  test("begin with the text so far of the reply that is being made", async () => {
    const room = await createRoom(app, ann)
    await ask(app, ann, room, "an old one")
    const { body } = await send(app, ann, room, "[[gemini: stall after=3]] half-way")
    await expect
      .poll(() => app.gemini.calls().find(({ prompt }) => prompt.includes("half-way"))?.chunksSent)
      .toBe(3)
    const listener = follow(room)
    await listener.until(() => expect(texts(listener.events)[body.reply.id]).toContain("Simulated reply"))
    expect(listener.named("message")).toHaveLength(0)
    await ann.http.post(`/chatroom/${room.id}/message/${body.reply.id}/cancel`)
    await listener.until(() => expect(listener.named("done")[0]?.data.status).toBe("cancelled"))
    await listener.stop()
  })

  test("announce a reply that is cancelled before its turn at once, and its end in order", async () => {
    const room = await createRoom(app, ann)
    const listener = await startFollowing(room)
    const path = `/chatroom/${room.id}/message`
    const replies: string[] = []
    for (const message of ["[[gemini: stall after=2]] holds up", "waits", "is cancelled", "waits, too"])
      replies.push((await send(app, ann, room, message)).body.reply.id)
    const [first, , cancelled] = replies as [string, string, string]
    await listener.until(() => expect(listener.named("delta").length).toBeGreaterThan(0))
    await listener.until(() => expect(listener.named("message")).toHaveLength(8))
    await ann.http.post(`${path}/${cancelled}/cancel`)
    const seen = () =>
      listener.named("message").filter(({ data }) => data.id === cancelled && data.status === "cancelled")
    await listener.until(() => expect(seen()).toHaveLength(1))
    expect(listener.named("done")).toEqual([])
    await ann.http.post(`${path}/${first}/cancel`)
    await listener.until(() => expect(listener.named("done")).toHaveLength(4))
    await listener.stop()
    expect(listener.named("done").map(({ data }) => data.id)).toEqual(replies)
    expect(seen()).toHaveLength(1)
    expect(listener.named("message")).toHaveLength(9)
  })

  test("name a reply before its events, also one that is made between two reads of the listener", async () => {
    const room = await createRoom(app, ann)
    let made: Promise<{ id: string }> | null = null
    const pool = Object.assign(Object.create(app.pool), {
      async query(query: { name?: string }) {
        const found = await app.pool.query(query as pg.QueryConfig)
        if (query.name === "new-messages") made ??= ask(app, ann, room, "between two reads")
        await made
        return found
      },
    })
    const hangUp = new AbortController()
    const seen: string[] = []
    const chatroom = { userId: ann.user.id, id: room.id }
    const ctx = { ...app.ctx, db: { ...app.ctx.db, pool } }
    for await (const change of roomEvents(ctx, { chatroom, signal: hangUp.signal })) {
      seen.push(change.event)
      if (change.event === "reply" && change.change.event === "done") hangUp.abort()
    }
    expect(seen).toEqual(["chatroom", "chatroom", "message", "message", "reply", "reply"])
  })

  test("leave no subscription behind when the first read of the database fails", async () => {
    const gone = new pg.Pool()
    await gone.end()
    let open = 0
    const subscribe = () => {
      open += 1
      return () => {
        open -= 1
      }
    }
    const ctx = { ...app.ctx, db: { ...app.ctx.db, pool: gone }, bus: { ...app.ctx.bus, subscribe } }
    const { signal } = new AbortController()
    const chatroom = { userId: newId(), id: newId() }
    await expect(roomEvents(ctx, { chatroom, signal }).next()).rejects.toThrow()
    expect(open).toBe(0)
  })

  test("of more rooms at a time than a user may follow end the oldest stream, also for that of a prompt", async () => {
    const room = await createRoom(app, ann)
    await expect.poll(() => app.ctx.streamLimit.count()).toBe(0)
    const open: ReturnType<typeof follow>[] = []
    // One after the other: the first is the oldest.
    for (let n = 0; n < 3; n++) {
      const one = follow(room)
      open.push(one)
      await one.until(() => expect(one.events.length).toBeGreaterThan(0))
    }
    expect(await statusOf(room)).toBe(200)
    await open[0]?.ended
    const headers = { Accept: "text/event-stream", Authorization: `Bearer ${ann.token}` }
    const sent = { method: "POST", headers: { ...headers, "Content-Type": "application/json" } }
    const body = JSON.stringify({ message: "hello" })
    for (let i = 0; i < 2; i++) await startFollowing(room)
    const prompt = await fetch(`${app.url}/chatroom/${room.id}/message`, { ...sent, body })
    expect(prompt.status).toBe(200)
    expect(await prompt.text()).toContain("event: done")
    for (const one of open) await one.stop()
  })
})
