import fc from "fast-check"
import { describe, expect, test } from "vitest"
import {
  formatRoomCursor,
  parseRoomCursor,
  type RoomCursor,
} from "../../src/services/replies/stream/room-cursor.ts"
import { newId } from "../../src/utils/ids.ts"
import { expectProblem, times } from "../helpers/answers.ts"
import { signIn } from "../helpers/app.ts"
import { ask, createRoom, type Reply } from "../helpers/chat.ts"
import { followRoom } from "../helpers/follow-room.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"
import { readMetrics } from "../operators/kit.ts"

const app = useTestApp({ timing: { replies: { rowCheckMs: 200 } } })
const ann = useUser(app, { pro: true })
/** Another process of the service; without Redis it gets no notification. */
const elsewhere = useTestApp(() => ({ beside: app, worker: false, timing: { replies: { rowCheckMs: 200 } } }))

const pathOf = ({ id, chatroomId }: Reply) => `/chatroom/${chatroomId}/message/${id}`
const rate = (reply: Reply, feedback: unknown) => ann.http.put(`${pathOf(reply)}/feedback`, feedback)
const feedbackOn = async (reply: Reply) => (await ann.http.get(pathOf(reply))).body.feedback

async function askedReply() {
  const room = await createRoom(app, ann)
  const reply = await ask(app, ann, room, "hello")
  return { room, reply }
}

describe("feedback on a reply", () => {
  test("is on the message, is replaced by the next, and withdrawn by null", async () => {
    const { room, reply } = await askedReply()
    expect(reply.feedback).toBeNull()
    expect((await rate(reply, { rating: "down", reason: "  It is wrong.  " })).status).toBe(204)
    expect(await feedbackOn(reply)).toEqual({ rating: "down", reason: "It is wrong." })
    const { body } = await ann.http.get(`/chatroom/${room.id}`)
    expect(body.messages[1].feedback).toEqual({ rating: "down", reason: "It is wrong." })
    expect((await rate(reply, { rating: "up" })).status).toBe(204)
    expect(await feedbackOn(reply)).toEqual({ rating: "up", reason: null })
    expect((await rate(reply, { rating: "up", reason: null })).status).toBe(204)
    expect((await rate(reply, null)).status).toBe(204)
    expect(await feedbackOn(reply)).toBeNull()
  })

  test("is refused for what isn't feedback, and for a prompt, and changes nothing", async () => {
    const { reply } = await askedReply()
    const invalid = [
      ...["up", 1, true, [], {}, { rating: "sideways" }, { rating: null }, { reason: "none" }],
      ...[
        { rating: "up", stars: 5 },
        { rating: "up", reason: "x".repeat(2_001) },
        { rating: "up", reason: " " },
      ],
      { rating: "up", reason: "\u0000" },
    ]
    for (const feedback of invalid)
      expectProblem(
        await rate(reply, typeof feedback === "string" ? '"up"' : feedback),
        400,
        "invalid_request",
      )
    expectProblem(await rate(reply, undefined), 400, "invalid_request")
    const prompt = { id: reply.parentId, chatroomId: reply.chatroomId }
    expectProblem(await rate(prompt, { rating: "up" }), 404, "not_found")
    expect(await feedbackOn(reply)).toBeNull()
    expect((await ann.http.get(pathOf(prompt))).body.feedback).toBeNull()
  })

  test("is its owner's alone to give", async () => {
    const { room, reply } = await askedReply()
    const stranger = await signIn(app)
    const path = `${pathOf(reply)}/feedback`
    expectProblem(await stranger.http.put(path, { rating: "down" }), 404, "not_found")
    expectProblem(await app.http.put(path, { rating: "down" }), 401, "unauthenticated")
    const own = await createRoom(app, stranger)
    expectProblem(
      await stranger.http.put(path.replace(room.id, own.id), { rating: "down" }),
      404,
      "not_found",
    )
    expectProblem(await rate({ ...reply, id: newId() }, { rating: "down" }), 404, "not_found")
    expect(await feedbackOn(reply)).toBeNull()
  })

  test("is in the export, in no log, and counted by model for operators", async () => {
    const { reply } = await askedReply()
    const counts = async () => readMetrics((await app.admin.get("/metrics")).body)
    const before = await counts()
    const totals = async () =>
      (await app.admin.get("/admin/feedback")).body.find(
        (total: { model: string }) => total.model === reply.model,
      )
    const { up = 0, down = 0 } = (await totals()) ?? {}
    await rate(reply, { rating: "down", reason: "canary reason 5d1f" })
    expect(await totals()).toEqual({ model: reply.model, up, down: down + 1 })
    await rate(reply, { rating: "down", reason: "canary reason 5d1f" })
    const after = await counts()
    const labels = { model: reply.model, rating: "down" }
    // The same again is no other opinion.
    expect(
      after.sum("chat_replies_rated_total", labels) - before.sum("chat_replies_rated_total", labels),
    ).toBe(1)
    expect(JSON.stringify((await ann.http.get("/user/me/export")).body)).toContain("canary reason 5d1f")
    expect(app.logs() + elsewhere.logs()).not.toContain("canary reason")
    expectProblem(await ann.http.get("/admin/feedback"), 401, "unauthenticated")
  })

  test("of many devices at once is that of the last, and every change has a number of its own", async () => {
    const { room, reply } = await askedReply()
    const answers = await times(20, (i) => rate(reply, { rating: i % 2 ? "up" : "down", reason: `${i}` }))
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(204))
    const [row] = await app.query(
      `SELECT m.revision, c.revisions FROM messages AS m JOIN chatrooms AS c ON c.id = m.chatroom_id
       WHERE m.id = $1`,
      reply.id,
    )
    expect(row).toEqual({ revision: 20, revisions: 20 })
    expect(await feedbackOn(reply)).toMatchObject({ reason: expect.any(String) })
    expect((await ann.http.get(`/chatroom/${room.id}`)).status).toBe(200)
  })
})

describe("listeners of a room", () => {
  test("get a message event for feedback, in this process and in others", async () => {
    const { room, reply } = await askedReply()
    const listeners = [app, elsewhere].map((at) => followRoom(at, ann, room))
    for (const listener of listeners)
      await listener.until(() => expect(listener.named("chatroom")).toHaveLength(1))
    await rate(reply, { rating: "up" })
    for (const listener of listeners) {
      await listener.until(() => expect(listener.named("message")).toHaveLength(1))
      expect(listener.named("message")[0]?.data).toMatchObject({ id: reply.id, feedback: { rating: "up" } })
      await listener.stop()
      expect(listener.events.map(({ event }) => event)).toEqual(["chatroom", "message"])
    }
  })

  test("that come back get what they missed, and nothing twice", async () => {
    const { room, reply } = await askedReply()
    const first = followRoom(app, ann, room)
    await first.until(() => expect(first.named("chatroom")).toHaveLength(1))
    await rate(reply, { rating: "up" })
    await first.until(() => expect(first.named("message")).toHaveLength(1))
    await first.stop()
    const known = followRoom(app, ann, room, first.events.at(-1)?.id)
    const missed = followRoom(app, ann, room, first.events[0]?.id)
    await missed.until(() => expect(missed.named("message")).toHaveLength(1))
    await rate(reply, { rating: "down" })
    await missed.until(() => expect(missed.named("message")).toHaveLength(2))
    await known.until(() => expect(known.named("message")).toHaveLength(1))
    for (const listener of [known, missed]) await listener.stop()
    expect(known.named("message")[0]?.data.feedback.rating).toBe("down")
    const other = await ask(app, ann, room, "another")
    await rate(other, { rating: "up" })
    const late = followRoom(app, ann, room, known.events.at(-1)?.id)
    await late.until(() => expect(late.named("done")).toHaveLength(1))
    await late.until(() => expect(late.named("message")).toHaveLength(3))
    await late.stop()
    expect(late.named("message").map(({ data }) => data.id)).toEqual([other.parentId, other.id, other.id])
  })

  test("have cursors that are read as they were written", () => {
    const number = fc.nat({ max: 999_999_999 })
    const cursors = fc.record<RoomCursor>({
      known: number,
      whole: number,
      reply: fc.record({ attempt: number, characters: number, thoughts: number }),
      retries: number,
      again: fc.option(number),
      revisions: number,
    })
    fc.assert(
      fc.property(cursors, (cursor) => {
        expect(parseRoomCursor(formatRoomCursor(cursor))).toEqual(cursor)
      }),
    )
    fc.assert(fc.property(fc.string(), (text) => void parseRoomCursor(text)))
  })
})
