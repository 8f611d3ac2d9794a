import { randomUUID } from "node:crypto"
import { describe, expect, test } from "vitest"
import { expectProblem, times, until } from "../helpers/answers.ts"
import { signIn } from "../helpers/app.ts"
import { ask, cancel, createRoom, finalReply, promptsUsed, send, statusOf } from "../helpers/chat.ts"
import { addRoom } from "../helpers/rooms.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"

const app = useTestApp()
const ann = useUser(app, { pro: true })

type Room = { id: string }

const fork = (room: Room, messageId: unknown, user = ann, headers: Record<string, string> = {}) =>
  user.http.post(`/chatroom/${room.id}/fork`, { messageId }, { headers })

const shown = async (room: Room, user = ann) =>
  (await user.http.get(`/chatroom/${room.id}?limit=100`)).body.messages

/** What a copy has of a message. */
const likeness = ({ id, chatroomId, parentId, siblings, feedback, ...rest }: Record<string, unknown>) => {
  void [id, chatroomId, parentId, siblings, feedback]
  return rest
}

describe("a fork", () => {
  test("is a room of its own with the branch up to the message, and costs nothing", async () => {
    const user = await signIn(app)
    const room = await createRoom(app, user, {
      name: "Trip",
      systemInstruction: "Be short.",
      thinking: "low",
    })
    const first = await ask(app, user, room, "one")
    const second = await ask(app, user, room, "two")
    await ask(app, user, room, "another two", { parentId: first.id })
    await user.http.put(`/chatroom/${room.id}/message/${first.id}/feedback`, { rating: "up" })
    const spent = await user.http.get("/user/me/usage")
    const { status, headers, body } = await fork(room, second.id, user)
    expect(status).toBe(201)
    expect(headers.get("location")).toBe(`/chatroom/${body.id}`)
    expect(body).toMatchObject({
      name: "Trip",
      nameBy: "user",
      systemInstruction: "Be short.",
      thinking: "low",
    })
    const copies = await shown(body, user)
    await user.http.patch(`/chatroom/${room.id}`, { headId: second.id })
    const originals = await shown(room, user)
    expect(copies.map(likeness)).toEqual(originals.map(likeness))
    expect(copies.map(({ feedback }: { feedback: unknown }) => feedback)).toEqual(Array(4).fill(null))
    expect(body.headId).toBe(copies[3].id)
    expect(await promptsUsed(app, user)).toBe(3)
    expect((await user.http.get("/user/me/usage")).body).toEqual(spent.body)
    // Each goes on by itself.
    const next = await ask(app, user, body, "three")
    expect(next.parentId).not.toBeNull()
    expect(await shown(room, user)).toHaveLength(4)
    expect(await shown(body, user)).toHaveLength(6)
  })

  test("at a prompt ends with it, to be asked again", async () => {
    const room = await createRoom(app, ann)
    const first = await ask(app, ann, room, "asked again")
    const { body } = await fork(room, first.parentId)
    const [prompt, ...more] = await shown(body)
    expect([prompt.content, more, body.headId]).toEqual(["asked again", [], prompt.id])
    const again = await ann.http.post(`/chatroom/${body.id}/message/${prompt.id}/regenerate`)
    expect(await finalReply(app, ann, again.body)).toMatchObject({ status: "completed" })
    expect(await shown(body)).toHaveLength(2)
  })

  test("leaves out replies that aren't finished", async () => {
    const room = await createRoom(app, ann)
    const { body: running } = await send(app, ann, room, "[[gemini: stall after=1]] still made")
    await until(async () => expect(await statusOf(app, running.reply)).toBe("running"))
    const { body: waiting } = await send(app, ann, room, "waits")
    const { body } = await fork(room, waiting.reply.id)
    const copies = await shown(body)
    expect(copies.map(({ content }: { content: string }) => content)).toEqual([running.content, "waits"])
    expect(copies[1].parentId).toBe(copies[0].id)
    await cancel(ann, running.reply)
    await finalReply(app, ann, waiting.reply)
    expect(await ask(app, ann, body, "goes on")).toMatchObject({ status: "completed" })
  })

  test("has failed replies, which are no dead letters there", async () => {
    const room = await createRoom(app, ann)
    const failed = await ask(app, ann, room, "[[gemini: blocked]] no")
    const { body } = await fork(room, failed.id)
    const copy = (await shown(body))[1]
    expect(copy).toMatchObject({ status: "failed", error: failed.error })
    const letters = (await app.admin.get("/admin/replies?limit=100")).body.map(({ id }: Room) => id)
    expect(letters).toContain(failed.id)
    expect(letters).not.toContain(copy.id)
  })

  test("shares the files: they stay as long as one of both names them", async () => {
    const room = await createRoom(app, ann)
    const headers = { "Content-Disposition": 'attachment; filename="a.txt"' }
    const file = (await ann.http.post("/attachment", "a file", { headers })).body
    const first = await ask(app, ann, room, "with a file", { attachments: [file.id] })
    const { body } = await fork(room, first.id)
    expect((await shown(body))[0].attachments).toEqual((await shown(room))[0].attachments)
    await ann.http.delete(`/chatroom/${room.id}`)
    const names = "SELECT message_id AS id FROM message_attachments WHERE attachment_id = $1"
    expect(await app.query(names, file.id)).toEqual([{ id: (await shown(body))[0].id }])
    expect((await ann.http.get(`/attachment/${file.id}`)).status).toBe(200)
  })

  test("of a long branch has all of it", async () => {
    const id = await addRoom(app, ann.user.id, 8_001)
    const { headId } = (await ann.http.get(`/chatroom/${id}`)).body
    const { body } = await fork({ id }, headId)
    const count =
      "SELECT count(*)::int AS n, max(position) AS last, count(parent_id)::int AS linked FROM messages WHERE chatroom_id = $1 AND is_copy"
    expect(await app.query(count, body.id)).toEqual([{ n: 8_001, last: 8_001, linked: 8_000 }])
  })

  test("with an Idempotency-Key is made once, however many requests carry it at once", async () => {
    const room = await createRoom(app, ann)
    const first = await ask(app, ann, room, "once")
    const headers = { "Idempotency-Key": randomUUID() }
    const answers = await times(6, () => fork(room, first.id, ann, headers))
    expect(new Set(answers.map(({ status, body }) => `${status} ${body.id}`)).size).toBe(1)
    expectProblem(await fork(room, first.parentId, ann, headers), 422, "idempotency_conflict")
  })

  test("of what isn't there, or isn't one's own, is refused", async () => {
    const [room, other] = [await createRoom(app, ann), await createRoom(app, ann)]
    const first = await ask(app, ann, room, "mine")
    expectProblem(await fork(other, first.id), 404, "not_found")
    expectProblem(await fork(room, randomUUID()), 404, "not_found")
    expectProblem(await fork({ id: randomUUID() }, first.id), 404, "not_found")
    expectProblem(await fork(room, first.id, await signIn(app)), 404, "not_found")
    for (const bad of [null, 1, "x", undefined]) expectProblem(await fork(room, bad), 400, "invalid_request")
    expectProblem(
      await app.http.post(`/chatroom/${room.id}/fork`, { messageId: first.id }),
      401,
      "unauthenticated",
    )
  })
})
