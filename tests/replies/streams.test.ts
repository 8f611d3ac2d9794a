import { once } from "node:events"
import { Agent, request } from "node:http"
import { describe, expect, test } from "vitest"
import { collect, joinDeltas, type ServerEvent } from "../../tools/lib/http.ts"
import { times } from "../helpers/answers.ts"
import { signIn } from "../helpers/app.ts"
import { ask, cancel, createRoom, finalReply, type Reply, send } from "../helpers/chat.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"

const app = useTestApp({
  config: { http: { streamsPerUser: 100 } },
  timing: { sse: { sessionCheckMs: 200 }, replies: { firstRetryMs: 300 } },
})
const ann = useUser(app, { pro: true })

const streamPath = (reply: Reply) => `/chatroom/${reply.chatroomId}/message/${reply.id}/stream`
const follow = (reply: Reply, lastEventId?: string, signal?: AbortSignal) =>
  ann.http.events(streamPath(reply), {
    signal,
    headers: lastEventId === undefined ? {} : { "Last-Event-ID": lastEventId },
  })

async function sendPrompt(message: string) {
  return (await send(app, ann, await createRoom(app, ann), message)).body.reply
}

/** Reads until `count` deltas have come, then hangs up. */
async function readSome(reply: Reply, count: number): Promise<ServerEvent[]> {
  const hangUp = new AbortController()
  const events: ServerEvent[] = []
  try {
    for await (const event of follow(reply, undefined, hangUp.signal)) {
      events.push(event)
      if (events.filter((one) => one.event === "delta").length >= count) hangUp.abort()
    }
  } catch (error) {
    if (!hangUp.signal.aborted) throw error
  }
  return events
}

describe("the stream of a reply", () => {
  test("brings the text as it comes and ends with the final message", async () => {
    // Longer than a Redis that didn't answer is left alone (1 s): what is made meanwhile is one delta.
    const reply = await sendPrompt("[[gemini: chunks=20 delay=100]] tell me")
    const events = await collect(follow(reply))
    const stored = await finalReply(app, ann, reply)
    expect(events.filter(({ event }) => event === "delta").length).toBeGreaterThan(3)
    expect(joinDeltas(events)).toBe(stored.content)
    expect(events.at(-1)).toEqual({ event: "done", id: `1-${stored.content.length}`, data: stored })
    expect(events.filter(({ event }) => event === "done")).toHaveLength(1)
  })

  test("ends at once for HEAD, which counts for no limit", async () => {
    const reply = await sendPrompt("[[gemini: chunks=100 delay=100]] slowly")
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    for (const path of [streamPath(reply), `/chatroom/${reply.chatroomId}/events`, "/health/live"]) {
      const sent = request(app.url + path, {
        method: path.startsWith("/chatroom") ? "HEAD" : "GET",
        agent,
        headers: { Authorization: `Bearer ${ann.token}` },
      }).end()
      const [response] = await once(sent, "response")
      expect(response.statusCode).toBe(200)
      await response.resume().toArray()
    }
    agent.destroy()
    await expect.poll(() => app.ctx.streamLimit.count()).toBe(0)
    await cancel(ann, reply)
  })

  test("of a finished reply is one delta and the end, however long it is", async () => {
    const reply = await ask(app, ann, await createRoom(app, ann), "long")
    // More than lies in the buffers on the way, so it is written in pieces, as fast as it is read.
    const content = "a 😀 日本語".repeat(50_000)
    await app.query("UPDATE messages SET content = $2 WHERE id = $1", reply.id, content)
    const events = await collect(follow(reply))
    expect(events.map(({ event }) => event)).toEqual(["delta", "done"])
    expect(events[0]?.data.text === content).toBe(true)
    expect(events[1]?.data.content === content).toBe(true)
  })

  test("continues exactly after the Last-Event-ID, also when the reply is finished", async () => {
    const reply = await sendPrompt("[[gemini: chunks=30 delay=15]] a long one")
    const before = await readSome(reply, 3)
    const after = await collect(follow(reply, before.at(-1)?.id))
    const stored = await finalReply(app, ann, reply)
    expect(joinDeltas([...before, ...after])).toBe(stored.content)
    expect(joinDeltas(after).length).toBeLessThan(stored.content.length)
    const late = await collect(follow(reply, before.at(-1)?.id))
    expect(joinDeltas([...before, ...late])).toBe(stored.content)
    const ended = await collect(follow(reply, late.at(-1)?.id))
    expect(ended.map(({ event }) => event)).toEqual(["done"])
  })

  test("closing it never stops the reply", async () => {
    const reply = await sendPrompt("[[gemini: chunks=20 delay=20]] go on")
    await readSome(reply, 1)
    expect(await finalReply(app, ann, reply)).toMatchObject({ status: "completed" })
  })

  test("with a forged Last-Event-ID still gives the whole text", async () => {
    const reply = await ask(app, ann, await createRoom(app, ann), "forged")
    for (const id of ["99-1", "1-999999", "x", "1-", "-1--1", "0-0", "999999999999-1"]) {
      const events = await collect(follow(reply, id))
      expect([id, joinDeltas(events)]).toEqual([id, reply.content])
      expect(events.at(-1)).toMatchObject({ event: "done", data: { id: reply.id } })
    }
  })

  test("an attempt that broke off is void: reset, then the new text", async () => {
    // Longer than a Redis that didn't answer is left alone (1 s): a listener that received nothing has nothing to reset.
    const reply = await sendPrompt("[[gemini: cut after=4 times=1 delay=400 chunks=6]] break")
    const events = await collect(follow(reply))
    const stored = await finalReply(app, ann, reply)
    const resets = events.filter(({ event }) => event === "reset")
    expect(resets).toEqual([{ event: "reset", id: "2-0", data: { attempt: 2 } }])
    expect(joinDeltas(events)).toBe(stored.content)
    expect(stored).toMatchObject({ status: "completed", error: null })
  })

  test("can be the answer to the prompt itself", async () => {
    const room = await createRoom(app, ann)
    const request = { method: "POST", body: { message: "stream it" } }
    const events = await collect(ann.http.events(`/chatroom/${room.id}/message`, request))
    expect(joinDeltas(events)).toContain("stream it")
    expect(events.at(-1)?.event).toBe("done")
  })

  test("is whole for each of 20 listeners at once", async () => {
    const reply = await sendPrompt("[[gemini: chunks=25 delay=10]] to many")
    const all = await times(20, () => collect(follow(reply)))
    const stored = await finalReply(app, ann, reply)
    for (const events of all) expect(joinDeltas(events)).toBe(stored.content)
  })

  test("keeps characters whole, wherever the bytes were split", async () => {
    const text = "👩‍👩‍👧‍👦 日本語 é 😀".repeat(20)
    const reply = await sendPrompt(`[[gemini: split echo]]${text}`)
    const events = await collect(follow(reply))
    expect(joinDeltas(events)).toBe((await finalReply(app, ann, reply)).content)
    for (const { data } of events.filter(({ event }) => event === "delta"))
      expect(data.text.isWellFormed()).toBe(true)
    expect(joinDeltas(events)).toBe(text)
  })

  test("is a reply's, not a prompt's", async () => {
    const room = await createRoom(app, ann)
    const { body } = await send(app, ann, room, "my own words")
    const answer = await ann.http.get(streamPath({ id: body.id, chatroomId: room.id }))
    expect(answer).toMatchObject({ status: 404, body: { code: "not_found" } })
  })

  test("ends when the room is deleted", async () => {
    const reply = await sendPrompt("[[gemini: stall after=2]] never done")
    const events: string[] = []
    const reading = (async () => {
      for await (const { event } of follow(reply)) events.push(event)
    })()
    await expect.poll(() => events.length).toBeGreaterThan(0)
    await ann.http.delete(`/chatroom/${reply.chatroomId}`)
    await reading
    expect(events).not.toContain("done")
    await expect
      .poll(() => app.gemini.calls().find(({ prompt }) => prompt.includes("never done"))?.aborted)
      .toBe(true)
  })

  test("ends soon after its session has", async () => {
    const user = await signIn(app)
    const reply = (await send(app, user, await createRoom(app, user), "[[gemini: stall after=1]]")).body.reply
    const stream = user.http.events(streamPath(reply))
    expect((await stream.next()).value).toMatchObject({ event: "delta" })
    await user.http.post("/auth/logout", {})
    expect(await collect(stream)).toEqual([])
  })
})
