import { randomUUID } from "node:crypto"
import { describe, expect, test } from "vitest"
import { collect, joinDeltas } from "../../tools/lib/http.ts"
import { count, expectProblem, times, until } from "../helpers/answers.ts"
import { signIn } from "../helpers/app.ts"
import {
  ask,
  cancel,
  createRoom,
  finalReply,
  promptsUsed,
  type Reply,
  send,
  statusOf,
  useUpQuota,
} from "../helpers/chat.ts"
import { followRoom } from "../helpers/follow-room.ts"
import { usePair } from "../helpers/pair.ts"
import { useUser } from "../helpers/use-app.ts"

const { app } = usePair({ http: { streamsPerUser: 100 } })
const ann = useUser(app, { pro: true })

type Room = { id: string }

const INTERRUPT = { onBusy: "interrupt" }
const REJECT = { onBusy: "reject" }

/** Sends a prompt whose reply stops half-way, and waits until some of it is there. */
async function startEndless(room: Room, tag: string, user = ann): Promise<Reply> {
  const { body } = await send(app, user, room, `[[gemini: stall after=3]] ${tag}`)
  await until(async () =>
    expect(app.gemini.calls().find(({ prompt }) => prompt.includes(tag))?.chunksSent).toBe(3),
  )
  return body.reply
}

async function listOf(room: Room, user = ann) {
  return (await user.http.get(`/chatroom/${room.id}/message?limit=100`)).body as Listed[]
}
interface Listed {
  id: string
  parentId: string | null
  role: string
  content: string
  status: string
}

const contentsFor = (prompt: string) =>
  app.gemini
    .calls()
    .find((call) => call.prompt === prompt)
    ?.contents.map(({ parts }) => parts?.map(({ text }) => text).join(""))

describe("a message that interrupts", () => {
  test("stops the reply that is being made, keeps its text, follows it and is answered next", async () => {
    const room = await createRoom(app, ann)
    const stopped = await startEndless(room, "stop me")
    const { status, body } = await send(app, ann, room, "rather this", INTERRUPT)
    expect(status).toBe(202)
    expect(body).toMatchObject({ parentId: stopped.id, content: "rather this" })
    const kept = (await ann.http.get(`/chatroom/${room.id}/message/${stopped.id}`)).body
    expect(kept).toMatchObject({ status: "cancelled", error: null })
    expect(kept.content).toContain("Simulated reply")
    expect(await finalReply(app, ann, body.reply)).toMatchObject({ status: "completed" })
    expect(contentsFor("rather this")).toEqual([
      "[[gemini: stall after=3]] stop me",
      kept.content,
      "rather this",
    ])
  })

  test("goes in front of the prompts that wait, which then follow its reply in their order", async () => {
    const room = await createRoom(app, ann)
    const stopped = await startEndless(room, "first of four")
    const second = (await send(app, ann, room, "second of four")).body
    const third = (await send(app, ann, room, "third of four")).body
    const { body } = await send(app, ann, room, "in front of four", INTERRUPT)
    await finalReply(app, ann, third.reply)
    const listed = await listOf(room)
    expect(listed.map(({ content }) => content).filter((_, n) => n % 2 === 0)).toEqual([
      "[[gemini: stall after=3]] first of four",
      "in front of four",
      "second of four",
      "third of four",
    ])
    for (const [n, { parentId }] of listed.entries()) expect(parentId).toBe(listed[n - 1]?.id ?? null)
    expect(listed.map(({ status }) => status)).toEqual(Array(8).fill("completed").with(1, "cancelled"))
    const room2 = (await ann.http.get(`/chatroom/${room.id}`)).body
    expect(room2).toMatchObject({ headId: third.reply.id })
    expect(room2.messages).toHaveLength(8)
    expect([stopped.id, body.id, body.reply.id, second.id]).toEqual([1, 2, 3, 4].map((n) => listed[n]?.id))
    expect(contentsFor("second of four")).toHaveLength(5)
  })

  test("leaves branches alone that it names a parent on, as an edited prompt does", async () => {
    const room = await createRoom(app, ann)
    const first = await ask(app, ann, room, "the beginning")
    const stopped = await startEndless(room, "to be edited")
    const waiting = (await send(app, ann, room, "waits for the edited")).body
    const { body } = await send(app, ann, room, "edited", { ...INTERRUPT, parentId: first.id })
    expect(body).toMatchObject({ parentId: first.id, siblings: { position: 2, count: 2 } })
    await finalReply(app, ann, waiting.reply)
    const replies = (await listOf(room)).filter(({ role }) => role === "model").map(({ id }) => id)
    expect(replies).toEqual([first.id, stopped.id, body.reply.id, waiting.reply.id])
    expect((await listOf(room)).find(({ id }) => id === waiting.id)?.parentId).toBe(stopped.id)
    expect((await ann.http.get(`/chatroom/${room.id}`)).body.headId).toBe(body.reply.id)
  })

  test("goes behind the reply that it names as its parent, where that waits itself", async () => {
    const room = await createRoom(app, ann)
    const stopped = await startEndless(room, "before what waits")
    const waiting = (await send(app, ann, room, "what waits")).body
    const { status, body } = await send(app, ann, room, "after what waits", {
      parentId: waiting.reply.id,
      ...INTERRUPT,
    })
    expect([status, body.parentId]).toEqual([202, waiting.reply.id])
    const made = await finalReply(app, ann, body.reply)
    expect(made).toMatchObject({ status: "completed" })
    const listed = (await listOf(room)).map(({ id }) => id)
    expect(listed.slice(-4)).toEqual([waiting.id, waiting.reply.id, body.id, body.reply.id])
    const sent = contentsFor("after what waits")
    expect(sent?.at(-2)).toContain("You wrote: “what waits”")
    expect(sent).toContain("[[gemini: stall after=3]] before what waits")
    expect(await statusOf(app, stopped)).toBe("cancelled")
  })

  test("is any other message where nothing is unfinished", async () => {
    const room = await createRoom(app, ann)
    const first = await ask(app, ann, room, "quiet", INTERRUPT)
    const second = await ask(app, ann, room, "still quiet", INTERRUPT)
    expect((await listOf(room)).map(({ parentId }) => parentId)).toEqual([
      null,
      first.parentId,
      first.id,
      second.parentId,
    ])
  })

  test("shows listeners of the room the order in which replies are made", async () => {
    const room = await createRoom(app, ann)
    const stopped = await startEndless(room, "heard first")
    const waiting = (await send(app, ann, room, "heard last")).body
    const listener = followRoom(app, ann, room)
    await listener.until(() => expect(listener.texts()[stopped.id]).toContain("Simulated"))
    const { body } = await send(app, ann, room, "heard next", INTERRUPT)
    await listener.until(() => expect(listener.named("done")).toHaveLength(3))
    await listener.stop()
    const done = listener.named("done").map(({ data }) => data)
    expect(done.map(({ messageId }) => messageId)).toEqual([stopped.id, body.reply.id, waiting.reply.id])
    for (const { messageId, content } of done) expect(listener.texts()[messageId]).toBe(content)
    const moved = listener.named("message").filter(({ data }) => data.id === waiting.id)
    expect(moved.at(-1)?.data.parentId).toBe(body.reply.id)
  })

  test("ends the stream of what it stops with `done`", async () => {
    const room = await createRoom(app, ann)
    const stopped = await startEndless(room, "streamed")
    const stream = collect(ann.http.events(`/chatroom/${room.id}/message/${stopped.id}/stream`))
    const { body } = await send(app, ann, room, "and now", INTERRUPT)
    const events = await stream
    expect(events.at(-1)).toMatchObject({ event: "done", data: { status: "cancelled" } })
    expect(joinDeltas(events)).toBe(events.at(-1)?.data.content)
    await finalReply(app, ann, body.reply)
  })

  test("stops nothing where it is refused", async () => {
    const user = await signIn(app)
    const room = await createRoom(app, user)
    const running = await startEndless(room, "goes on", user)
    await app.query("UPDATE usage_counters SET used = 5 WHERE user_id = $1", user.user.id)
    expectProblem(await send(app, user, room, "too many", INTERRUPT), 429, "quota_exceeded")
    const lost = { ...INTERRUPT, parentId: randomUUID() }
    expectProblem(await send(app, user, room, "nowhere", lost), 400, "invalid_request")
    expectProblem(await send(app, user, { id: randomUUID() }, "nowhere", INTERRUPT), 404, "not_found")
    expect(await statusOf(app, running)).toBe("running")
    expect(await listOf(room, user)).toHaveLength(2)
    await cancel(user, running)
  })

  test("twenty at once with one Idempotency-Key are one message", async () => {
    const user = await signIn(app)
    const room = await createRoom(app, user)
    await startEndless(room, "once", user)
    const headers = { "Idempotency-Key": randomUUID() }
    const answers = await times(20, () =>
      user.http.post(`/chatroom/${room.id}/message`, { message: "only once", ...INTERRUPT }, { headers }),
    )
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1)
    expect(await promptsUsed(app, user)).toBe(2)
    await finalReply(app, user, answers[0]?.body.reply)
    const other = { message: "only once", ...REJECT }
    const conflict = await user.http.post(`/chatroom/${room.id}/message`, other, { headers })
    expectProblem(conflict, 422, "idempotency_conflict")
  })
})

describe("messages that interrupt each other", () => {
  test("from several devices at once are all answered, one after another, on one branch", async () => {
    const room = await createRoom(app, ann)
    const stopped = await startEndless(room, "many devices")
    const sent = await times(8, (n) => send(app, ann, room, `device ${n}`, INTERRUPT))
    expect(count(sent, 202)).toBe(8)
    const replies = await Promise.all(sent.map(({ body }) => finalReply(app, ann, body.reply)))
    for (const { status } of replies) expect(["completed", "cancelled"]).toContain(status)
    const listed = await listOf(room)
    expect(listed).toHaveLength(18)
    for (const [n, { parentId }] of listed.entries()) expect(parentId).toBe(listed[n - 1]?.id ?? null)
    expect(listed[1]).toMatchObject({ id: stopped.id, status: "cancelled" })
  })

  test("racing the end of replies leave each prompt with one reply that has ended", async () => {
    const rooms = await times(6, () => createRoom(app, ann))
    const results = await Promise.all(
      rooms.map(async (room, n) => {
        const first = await send(app, ann, room, `[[gemini: chunks=${2 + n} delay=4]] ends meanwhile`)
        await until(async () => expect(await statusOf(app, first.body.reply)).not.toBe("queued"))
        const second = await send(app, ann, room, "waits meanwhile")
        const third = await send(app, ann, room, "interrupts", INTERRUPT)
        for (const { status, body } of [first, second, third]) expect(status, JSON.stringify(body)).toBe(202)
        const replies = [first, second, third].map(({ body }) => finalReply(app, ann, body.reply))
        return { room, replies: await Promise.all(replies) }
      }),
    )
    for (const { room, replies } of results) {
      const listed = await listOf(room)
      expect(listed).toHaveLength(6)
      for (const [n, { parentId }] of listed.entries()) expect(parentId).toBe(listed[n - 1]?.id ?? null)
      expect(replies.filter(({ status }) => status === "cancelled").length).toBeLessThanOrEqual(1)
    }
  })
})

describe("a message that is rejected while the room is busy", () => {
  test("is 409, writes nothing and takes no unit, whatever the key", async () => {
    const user = await signIn(app)
    const room = await createRoom(app, user)
    const running = await startEndless(room, "busy", user)
    const headers = { "Idempotency-Key": randomUUID() }
    const post = () =>
      user.http.post(`/chatroom/${room.id}/message`, { message: "not now", ...REJECT }, { headers })
    expectProblem(await send(app, user, room, "not now", REJECT), 409, "room_busy")
    expectProblem(await post(), 409, "room_busy")
    expect(await listOf(room, user)).toHaveLength(2)
    expect(await promptsUsed(app, user)).toBe(1)
    await cancel(user, running)
    // The key was not used up.
    expect((await post()).status).toBe(202)
    expect((await post()).headers.get("idempotency-replayed")).toBe("true")
  })

  test("of two that come at once to a quiet room, one is taken", async () => {
    const rooms = await times(6, () => createRoom(app, ann))
    for (const room of rooms) {
      const prompt = "[[gemini: stall after=1]] at once"
      const answers = await times(6, () => send(app, ann, room, prompt, REJECT))
      expect([count(answers, 202), count(answers, 409)]).toEqual([1, 5])
      await cancel(ann, answers.find(({ status }) => status === 202)?.body.reply)
    }
  })

  test("is checked after everything else that makes a message impossible", async () => {
    const user = await signIn(app)
    await useUpQuota(app, user)
    const room = await createRoom(app, user)
    expectProblem(await send(app, user, room, "hello", REJECT), 429, "quota_exceeded")
    expectProblem(await send(app, user, { id: randomUUID() }, "hello", REJECT), 404, "not_found")
    expectProblem(await send(app, user, room, "hello", { onBusy: "wait" }), 400, "invalid_request")
  })
})
