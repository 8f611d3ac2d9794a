import { describe, expect, test, vi } from "vitest"
import { collect, joinDeltas } from "../../tools/lib/http.ts"
import { PATIENCE_MS, times } from "../helpers/answers.ts"
import { signIn } from "../helpers/app.ts"
import {
  ask,
  cancel as cancelReply,
  createRoom,
  finalReply,
  promptsUsed,
  type Reply,
  send,
} from "../helpers/chat.ts"
import { usePair } from "../helpers/pair.ts"
import { useUser } from "../helpers/use-app.ts"

const { app } = usePair({ http: { streamsPerUser: 100 } })
const ann = useUser(app, { pro: true })

const cancel = (reply: Reply, user = ann) => cancelReply(user, reply)

const collectEvents = ({ id, chatroomId }: Reply) =>
  collect(ann.http.events(`/chatroom/${chatroomId}/message/${id}/stream`))

const callFor = (tag: string) => app.gemini.calls().find(({ prompt }) => prompt.includes(tag))

/** Sends a prompt whose reply stops half-way, and waits until some of it is there. */
async function startEndless(tag: string): Promise<Reply> {
  const { body } = await send(app, ann, await createRoom(app, ann), `[[gemini: stall after=3]] ${tag}`)
  await vi.waitFor(() => expect(callFor(tag)?.chunksSent).toBe(3), { timeout: PATIENCE_MS })
  return body.reply
}

describe("cancelling a reply", () => {
  test("that runs keeps its text so far, closes the call to Gemini and frees the room", async () => {
    const reply = await startEndless("keep")
    const stream = collectEvents(reply)
    const { status, body } = await cancel(reply)
    expect(status).toBe(200)
    const ended = { completedAt: expect.any(String), finishReason: null, model: expect.any(String) }
    expect(body).toMatchObject({ id: reply.id, status: "cancelled", error: null, ...ended })
    expect(body.usage.promptTokens).toBeGreaterThan(0)
    expect(body.usage.outputTokens).toBeGreaterThan(0)
    expect(body.content).toContain("Simulated reply")
    const events = await stream
    expect(joinDeltas(events)).toBe(body.content)
    expect(events.at(-1)).toMatchObject({ event: "done", data: { status: "cancelled" } })
    await expect.poll(() => callFor("keep")?.aborted).toBe(true)
    const room = { id: reply.chatroomId }
    expect(await ask(app, ann, room, "and now?")).toMatchObject({ status: "completed" })
  })

  test("that waits behind another ends it before it begins, and the room goes on", async () => {
    const first = await startEndless("first in line")
    const second = (await send(app, ann, { id: first.chatroomId }, "never asked")).body.reply
    const third = (await send(app, ann, { id: first.chatroomId }, "asked at last")).body.reply
    expect((await cancel(second)).body).toMatchObject({ status: "cancelled", content: "" })
    await cancel(first)
    expect(await finalReply(app, ann, third)).toMatchObject({ status: "completed" })
    expect(app.gemini.calls().filter((call) => call.prompt === "never asked")).toHaveLength(0)
  })

  test("twice, and twenty times at once, gives the same reply", async () => {
    const reply = await startEndless("again and again")
    const answers = await times(20, () => cancel(reply))
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1)
    expect((await cancel(reply)).body).toEqual(answers[0]?.body)
  })

  test("that has ended changes nothing", async () => {
    const reply = await ask(app, ann, await createRoom(app, ann), "done already")
    expect(await cancel(reply)).toMatchObject({ status: 200, body: reply })
  })

  test("racing its end leaves one end, and listeners with the stored text", async () => {
    const rooms = await times(10, () => createRoom(app, ann))
    const prompt = (i: number) => `[[gemini: chunks=${3 + i} delay=5]] race`
    const sent = await Promise.all(rooms.map((room, i) => send(app, ann, room, prompt(i))))
    const replies: Reply[] = sent.map(({ body }) => body.reply)
    const streams = replies.map(collectEvents)
    const answers = await Promise.all(replies.map((reply) => cancel(reply)))
    for (const [i, events] of (await Promise.all(streams)).entries()) {
      expect(["completed", "cancelled"]).toContain(answers[i]?.body.status)
      expect(joinDeltas(events)).toBe(answers[i]?.body.content)
      expect(await finalReply(app, ann, replies[i] as Reply)).toEqual(answers[i]?.body)
    }
  })

  test("is no refund of the quota once Gemini has been called", async () => {
    const user = await signIn(app)
    const { body } = await send(app, user, await createRoom(app, user), "[[gemini: stall after=1]] paid for")
    await expect.poll(() => app.gemini.calls().some(({ prompt }) => prompt.endsWith("paid for"))).toBe(true)
    expect((await cancel(body.reply, user)).body.status).toBe("cancelled")
    expect(await promptsUsed(app, user)).toBe(1)
  })

  test("whose worker is gone ends it, too", async () => {
    const reply = await startEndless("orphan")
    await app.query(
      "UPDATE messages SET attempt = attempt + 1, lease_until = now() + interval '1 minute' WHERE id = $1",
      reply.id,
    )
    expect((await cancel(reply)).body.status).toBe("cancelled")
  })

  test("is for replies, not for prompts", async () => {
    const { body } = await send(app, ann, await createRoom(app, ann), "my own words")
    const answer = await cancel({ id: body.id, chatroomId: body.reply.chatroomId })
    expect(answer).toMatchObject({ status: 404, body: { code: "not_found" } })
  })
})
