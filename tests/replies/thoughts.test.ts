import { describe, expect, test } from "vitest"
import { collect, joinDeltas, joinThoughts } from "../../tools/lib/http.ts"
import { expectProblem, until } from "../helpers/answers.ts"
import { ask, cancel, createRoom, finalReply, type Reply, send } from "../helpers/chat.ts"
import { followRoom } from "../helpers/follow-room.ts"
import { usePair } from "../helpers/pair.ts"
import { useUser } from "../helpers/use-app.ts"

const NO_LEVELS = "gemma-4-house-blend"

/** The listener is on another process than the worker. */
const { app, worker } = usePair({
  http: { streamsPerUser: 100 },
  gemini: {
    firstChunkTimeoutMs: 2_500,
    models: ["gemini-3.8-flash", NO_LEVELS, "gemini-2.5-flash"].map((name) => ({
      name,
      tier: "basic" as const,
    })),
  },
})
const ann = useUser(app, { pro: true })

const configOf = (prompt: string) =>
  app.gemini
    .calls()
    .filter((call) => call.prompt.includes(prompt))
    .map(({ request }) => request?.generationConfig.thinkingConfig)

const pathOf = ({ chatroomId, id }: Reply) => `/chatroom/${chatroomId}/message/${id}`
const follow = (reply: Reply, lastEventId?: string, signal?: AbortSignal) =>
  ann.http.events(`${pathOf(reply)}/stream`, {
    signal,
    headers: lastEventId === undefined ? {} : { "Last-Event-ID": lastEventId },
  })

describe("a level of thinking", () => {
  test("of the room goes to the model, which then sums up what it thinks; a message may have its own", async () => {
    const room = await createRoom(app, ann, { thinking: "low" })
    const usual = await ask(app, ann, room, "by the room's level")
    const other = await ask(app, ann, room, "by its own level", { thinking: "high" })
    expect(configOf("by the room's level")).toEqual([{ thinkingLevel: "low", includeThoughts: true }])
    expect(configOf("by its own level")).toEqual([{ thinkingLevel: "high", includeThoughts: true }])
    expect(usual.thoughts.match(/^\*\*/gm)).toHaveLength(1)
    expect(other.thoughts.match(/^\*\*/gm)).toHaveLength(3)
    expect(usual.usage.thoughtTokens).toBeLessThan(other.usage.thoughtTokens)
    expect(usual.content).not.toContain(usual.thoughts)
  })

  test("that nobody asked for leaves the request as it is, and the reply without thoughts", async () => {
    const room = await createRoom(app, ann)
    const reply = await ask(app, ann, room, "without a level")
    expect(configOf("without a level")).toEqual([undefined])
    expect(reply).toMatchObject({ status: "completed", thoughts: "" })
    await ann.http.patch(`/chatroom/${room.id}`, { thinking: "medium" })
    expect((await ask(app, ann, room, "with a level now")).thoughts).not.toBe("")
    await ann.http.patch(`/chatroom/${room.id}`, { thinking: null })
    expect((await ask(app, ann, room, "without again")).thoughts).toBe("")
  })

  test.each([NO_LEVELS, "gemini-2.5-flash"])("isn't sent to %s, which would refuse it", async (model) => {
    const room = await createRoom(app, ann, { model, thinking: "high" })
    const reply = await ask(app, ann, room, `${model} thinks as it does`)
    expect(reply).toMatchObject({ status: "completed", model, thoughts: "" })
    expect(configOf(`${model} thinks as it does`)).toEqual([undefined])
  })

  test("that there isn't is refused", async () => {
    expectProblem(await ann.http.post("/chatroom", { thinking: "minimal" }), 400, "invalid_request")
    const room = await createRoom(app, ann)
    expectProblem(await send(app, ann, room, "hello", { thinking: "extreme" }), 400, "invalid_request")
  })
})

describe("thoughts", () => {
  test("come before the text, as they come, to the streams of reply and room", async () => {
    const room = await createRoom(app, ann, { thinking: "high" })
    const inRoom = followRoom(app, ann, room)
    await inRoom.until(() => expect(inRoom.events).toHaveLength(1))
    const { reply } = (await send(app, ann, room, "[[gemini: think=600 chunks=5 delay=20]] slowly")).body
    const events = await collect(follow(reply))
    const stored = await finalReply(app, ann, reply)
    expect(joinThoughts(events)).toBe(stored.thoughts)
    expect(joinDeltas(events)).toBe(stored.content)
    expect(stored.thoughts).toContain("slowly")
    const names = events.map(({ event }) => event)
    expect(names.lastIndexOf("thought")).toBeLessThan(names.indexOf("delta"))
    await inRoom.until(() => expect(inRoom.named("done")).toHaveLength(1))
    expect(joinThoughts(inRoom.events)).toBe(stored.thoughts)
    expect(inRoom.named("thought")[0]?.data.messageId).toBe(reply.id)
    expect(inRoom.named("done")[0]?.data.thoughts).toBe(stored.thoughts)
    await inRoom.stop()
  })

  test("go on exactly after the last event, in the middle of them and of the text, also at the end", async () => {
    const room = await createRoom(app, ann, { thinking: "high" })
    const prompt = "[[gemini: thoughts=12 chunks=12 delay=40]] to be continued"
    const { reply } = (await send(app, ann, room, prompt)).body
    const heard: Awaited<ReturnType<typeof collect>> = []
    for (const count of [3, 4, 9, 3]) {
      const hangUp = new AbortController()
      try {
        let left = count
        for await (const event of follow(reply, heard.at(-1)?.id, hangUp.signal)) {
          heard.push(event)
          left -= 1
          if (left === 0) hangUp.abort()
        }
      } catch (error) {
        if (!hangUp.signal.aborted) throw error
      }
      if (heard.at(-1)?.event === "done") break
    }
    const stored = await finalReply(app, ann, reply)
    const rest = await collect(follow(reply, heard.findLast(({ event }) => event !== "done")?.id))
    const all = [...heard.filter(({ event }) => event !== "done"), ...rest]
    expect(all.filter(({ event }) => event === "reset")).toEqual([])
    expect(joinThoughts(all)).toBe(stored.thoughts)
    expect(joinDeltas(all)).toBe(stored.content)
    expect(all.at(-1)?.id).toBe(`1-${stored.content.length}-${stored.thoughts.length}`)
    // What a client of an earlier version of the service keeps counts the text alone.
    const old = await collect(follow(reply, `1-${stored.content.length}`))
    expect(old.map(({ event }) => event)).toEqual(["thought", "done"])
    expect(joinThoughts(old)).toBe(stored.thoughts)
  })

  test("of a room's stream go on, too", async () => {
    const room = await createRoom(app, ann, { thinking: "medium" })
    const before = followRoom(app, ann, room)
    await before.until(() => expect(before.events).toHaveLength(1))
    const { reply } = (await send(app, ann, room, "[[gemini: thoughts=8 chunks=8 delay=40]] on")).body
    await before.until(() => expect(before.named("thought").length).toBeGreaterThan(0))
    await before.stop()
    const after = followRoom(app, ann, room, before.events.at(-1)?.id)
    await after.until(() => expect([...before.events, ...after.events].at(-1)?.event).toBe("done"))
    await after.stop()
    const stored = await finalReply(app, ann, reply)
    const all = [...before.events, ...after.events]
    expect(joinThoughts(all)).toBe(stored.thoughts)
    expect(joinDeltas(all)).toBe(stored.content)
    expect(all.filter(({ event }) => event === "reset")).toEqual([])
  })

  test("are void with their attempt, also where no text has come", async () => {
    const room = await createRoom(app, ann, { thinking: "low" })
    // Longer than a Redis that didn't answer is left alone (1 s): a listener that received nothing has nothing to reset.
    const prompt = "[[gemini: cut after=2 times=1 thoughts=4 delay=700]] breaks while it thinks"
    const { reply } = (await send(app, ann, room, prompt)).body
    const events = await collect(follow(reply))
    const stored = await finalReply(app, ann, reply)
    expect(events.filter(({ event }) => event === "reset")).toEqual([
      { event: "reset", id: "2-0", data: { attempt: 2 } },
    ])
    expect(joinThoughts(events)).toBe(stored.thoughts)
    expect(joinDeltas(events)).toBe(stored.content)
    expect(stored.thoughts.match(/^\*\*/gm)).toHaveLength(1)
  })

  test("keep a silence alive that would otherwise be too long", async () => {
    const silent = await send(app, ann, await createRoom(app, ann), "[[gemini: think=60000]] in silence")
    // A thought each half second, and in all longer than the first word may take.
    const aloud = "[[gemini: think=3500 thoughts=7]] aloud"
    const thinking = await ask(app, ann, await createRoom(app, ann, { thinking: "high" }), aloud)
    expect(thinking).toMatchObject({ status: "completed", error: null })
    expect(configOf("aloud")).toHaveLength(1)
    const calls = app.gemini.calls().filter((call) => call.prompt.includes("in silence"))
    expect(calls[0]).toMatchObject({ aborted: true, chunksSent: 0 })
    await cancel(ann, silent.body.reply)
  })

  test("are stored while they come, and kept when the reply is cancelled", async () => {
    const room = await createRoom(app, ann, { thinking: "high" })
    const { reply } = (await send(app, ann, room, "[[gemini: stall after=2]] never done")).body
    const stored = await until(async () => {
      const { body } = await ann.http.get(pathOf(reply))
      // The last thing that comes; the first may be stored alone.
      expect(body.thoughts).toContain("**Weighing an answer**")
      return body
    })
    expect(stored).toMatchObject({ status: "running", content: "" })
    const { body } = await cancel(ann, reply)
    expect(body).toMatchObject({ status: "cancelled", content: "", thoughts: stored.thoughts })
    const events = await collect(follow(reply))
    expect(events.map(({ event }) => event)).toEqual(["thought", "done"])
  })

  test("are never told to the model", async () => {
    const room = await createRoom(app, ann, { thinking: "high" })
    const first = await ask(app, ann, room, "think first")
    await ask(app, ann, room, "then go on")
    const call = app.gemini.calls().findLast(({ prompt }) => prompt.includes("then go on"))
    expect(JSON.stringify(call?.contents)).toContain(JSON.stringify(first.content).slice(1, 40))
    expect(JSON.stringify(call?.contents)).not.toContain("pretend to think")
  })

  test("can be stored and are bounded, whatever comes", async () => {
    const room = await createRoom(app, ann, { thinking: "low" })
    const parts = ["a\u0000b\ud83d", "\ude00", "\udc00", "x".repeat(99_990), "y".repeat(500), "\ud83d"]
    const chunks = [...parts.map((text) => ({ text, thought: true })), { text: "done" }]
    const bodies = chunks.map((part, at) => {
      const finishReason = at === chunks.length - 1 ? { finishReason: "STOP" } : {}
      return `data: ${JSON.stringify({ candidates: [{ content: { parts: [part], role: "model" }, ...finishReason }] })}\r\n\r\n`
    })
    app.gemini.replay({ body: Buffer.from(bodies.join("")), text: room.id })
    const reply = await ask(app, ann, room, `odd thoughts in ${room.id}`)
    expect(reply).toMatchObject({ status: "completed", content: "done" })
    expect(reply.thoughts).toHaveLength(100_000)
    expect(reply.thoughts.slice(0, 6)).toBe("ab😀\ufffdx")
    expect(reply.thoughts.endsWith("y")).toBe(true)
  })
})

test("a model that fails after it has thought aloud isn't replaced by another", async () => {
  const room = await createRoom(worker, ann, { thinking: "low" })
  const reply = await ask(app, ann, room, "[[gemini: error-event after=1 times=1]] overloaded in thought")
  expect(reply).toMatchObject({ status: "completed", model: "gemini-3.8-flash" })
  expect(reply.thoughts.match(/^\*\*/gm)).toHaveLength(1)
})
