import { randomUUID } from "node:crypto"
import { describe, expect, test } from "vitest"
import { collect } from "../../tools/lib/http.ts"
import { expectProblem, times, until } from "../helpers/answers.ts"
import { type SignedIn, signIn } from "../helpers/app.ts"
import { ask, createRoom, finalReply, promptsUsed, type Reply, send, statusOf } from "../helpers/chat.ts"
import { followRoom } from "../helpers/follow-room.ts"
import { usePair } from "../helpers/pair.ts"
import { addRoom } from "../helpers/rooms.ts"
import { useUser } from "../helpers/use-app.ts"
import { readMetrics } from "../operators/kit.ts"

const { app } = usePair({ http: { streamsPerUser: 100 } })
const ann = useUser(app, { pro: true })

type Room = { id: string }

const remove = ({ id, chatroomId }: Reply, user: SignedIn = ann) =>
  user.http.delete(`/chatroom/${chatroomId}/message/${id}`)

const contentsOf = async (room: Room, user = ann): Promise<string[]> =>
  (await user.http.get(`/chatroom/${room.id}/message`)).body
    .filter(({ role }: { role: string }) => role === "user")
    .map(({ content }: { content: string }) => content)

const headOf = async (room: Room, user = ann): Promise<string | null> =>
  (await user.http.get(`/chatroom/${room.id}`)).body.headId

async function startEndless(room: Room, tag: string, user = ann): Promise<Reply> {
  const { body } = await send(app, user, room, `[[gemini: stall after=3]] ${tag}`)
  await until(async () => expect(await statusOf(app, body.reply)).toBe("running"))
  return body.reply
}

describe("deleting a message", () => {
  test("takes all that follows it, on every branch, and leaves what is above and beside", async () => {
    const room = await createRoom(app, ann)
    const first = await ask(app, ann, room, "one")
    const second = await ask(app, ann, room, "two")
    await ask(app, ann, room, "three")
    await ask(app, ann, room, "another three", { parentId: second.id })
    const beside = await ask(app, ann, room, "beside two", { parentId: first.id })
    const prompt = { id: second.parentId, chatroomId: room.id }
    expect((await remove(prompt)).status).toBe(204)
    expect(await contentsOf(room)).toEqual(["one", "beside two"])
    expect(await headOf(room)).toBe(beside.id)
    const { siblings } = (await ann.http.get(`/chatroom/${room.id}/message/${beside.parentId}`)).body
    expect(siblings).toEqual({ position: 1, count: 1, previousId: null, nextId: null })
    expectProblem(await remove(prompt), 404, "not_found")
    expectProblem(await ann.http.get(`/chatroom/${room.id}/message/${second.id}`), 404, "not_found")
  })

  test("moves the head to the newest version beside it, with what follows that, or to what is above", async () => {
    const room = await createRoom(app, ann)
    const first = await ask(app, ann, room, "one")
    const older = await ask(app, ann, room, "old version", { parentId: first.id })
    const below = await ask(app, ann, room, "below the old version")
    const newer = await ask(app, ann, room, "new version", { parentId: first.id })
    expect((await remove({ id: newer.parentId, chatroomId: room.id })).status).toBe(204)
    expect(await headOf(room)).toBe(below.id)
    await remove({ id: older.parentId, chatroomId: room.id })
    expect(await headOf(room)).toBe(first.id)
    // The prompt stays to be asked again.
    await remove(first)
    expect(await headOf(room)).toBe(first.parentId)
    const { body } = await ann.http.post(`/chatroom/${room.id}/message/${first.parentId}/regenerate`)
    await finalReply(app, ann, body)
    expect(await headOf(room)).toBe(body.id)
    await remove({ id: first.parentId, chatroomId: room.id })
    expect(await headOf(room)).toBeNull()
    const again = await ask(app, ann, room, "from the beginning")
    expect(await contentsOf(room)).toEqual(["from the beginning"])
    expect(await headOf(room)).toBe(again.id)
  })

  test("moves the head between versions of a beginning", async () => {
    const room = await createRoom(app, ann)
    const first = await ask(app, ann, room, "a beginning")
    const second = await ask(app, ann, room, "another", { parentId: null })
    await remove({ id: second.parentId, chatroomId: room.id })
    expect(await headOf(room)).toBe(first.id)
  })

  test("leaves the head where another branch is shown", async () => {
    const room = await createRoom(app, ann)
    const first = await ask(app, ann, room, "shown")
    const second = await ask(app, ann, room, "not shown", { parentId: null })
    await ann.http.patch(`/chatroom/${room.id}`, { headId: first.id })
    await remove(second)
    expect(await headOf(room)).toBe(first.id)
  })

  test("stops what runs there, ends its stream, and the room goes on with what waits elsewhere", async () => {
    const room = await createRoom(app, ann)
    const first = await ask(app, ann, room, "kept")
    const running = await startEndless(room, "to be deleted")
    const waiting = (await send(app, ann, room, "gone with it")).body.reply
    const elsewhere = (await send(app, ann, room, "elsewhere", { parentId: first.id })).body.reply
    const streams = [running, waiting].map(({ id }) =>
      collect(ann.http.events(`/chatroom/${room.id}/message/${id}/stream`)),
    )
    const open = async () => readMetrics((await app.admin.get("/metrics")).body).sum("chat_open_streams")
    await until(async () => expect(await open()).toBeGreaterThanOrEqual(2))
    const { parentId } = (await ann.http.get(`/chatroom/${room.id}/message/${running.id}`)).body
    await remove({ id: parentId, chatroomId: room.id })
    for (const events of await Promise.all(streams))
      expect(events.some(({ event }) => event === "done")).toBe(false)
    expect(await finalReply(app, ann, elsewhere)).toMatchObject({ status: "completed" })
    const call = app.gemini.calls().find(({ prompt }) => prompt.endsWith("to be deleted"))
    await until(async () => expect(call?.aborted).toBe(true))
    expect(await contentsOf(room)).toEqual(["kept", "elsewhere"])
    expect(app.gemini.calls().some(({ prompt }) => prompt === "gone with it")).toBe(false)
  })

  test("gives nothing back of the quota, and lets files go that no other message names", async () => {
    const user = await signIn(app)
    const room = await createRoom(app, user)
    const headers = { "Content-Disposition": 'attachment; filename="a.txt"' }
    const file = (await user.http.post("/attachment", "a file", { headers })).body
    const first = await ask(app, user, room, "with a file", { attachments: [file.id] })
    await remove({ id: first.parentId, chatroomId: room.id }, user)
    expect(await promptsUsed(app, user)).toBe(1)
    const names = "SELECT FROM message_attachments WHERE attachment_id = $1"
    expect(await app.query(names, file.id)).toHaveLength(0)
  })

  test("takes ten thousand in one go", async () => {
    const user = await signIn(app)
    const id = await addRoom(app, user.user.id, 10_000)
    const all = "SELECT id FROM messages WHERE chatroom_id = $1 ORDER BY position"
    const [first] = await app.query(`${all} LIMIT 1`, id)
    expect((await remove({ id: first.id, chatroomId: id }, user)).status).toBe(204)
    expect(await app.query(all, id)).toHaveLength(0)
  })

  test("many at once, each twice, delete each once", async () => {
    const room = await createRoom(app, ann)
    const replies = []
    for (const n of [1, 2, 3, 4]) replies.push(await ask(app, ann, room, `prompt ${n}`))
    const prompts = replies.map(({ parentId }) => ({ id: parentId, chatroomId: room.id }))
    const answers = await times(8, (n) => remove(prompts[n % 4] as Reply))
    expect(answers.some(({ status }) => status === 204)).toBe(true)
    for (const { status } of answers) expect([204, 404]).toContain(status)
    expect(await contentsOf(room)).toEqual([])
    expect(await headOf(room)).toBeNull()
  })

  test("is for one's own messages alone, in their own room", async () => {
    const room = await createRoom(app, ann)
    const first = await ask(app, ann, room, "mine")
    expectProblem(await remove(first, await signIn(app)), 404, "not_found")
    expectProblem(await remove({ ...first, chatroomId: (await createRoom(app, ann)).id }), 404, "not_found")
    expectProblem(await remove({ ...first, id: randomUUID() }), 404, "not_found")
    expectProblem(await remove({ ...first, id: "1" }), 400, "invalid_request")
    expectProblem(await app.http.delete(`/chatroom/${room.id}/message/${first.id}`), 401, "unauthenticated")
    expect(await contentsOf(room)).toEqual(["mine"])
  })

  test("that is shared ends the link, if its snapshot ends there", async () => {
    const room = await createRoom(app, ann)
    const first = await ask(app, ann, room, "shared")
    const { body } = await ann.http.post(`/chatroom/${room.id}/share`)
    await remove(first)
    expectProblem(await app.http.get(new URL(body.url).pathname), 404, "not_found")
  })
})

describe("listeners of a room", () => {
  test("get to know of it, also those that come back later", async () => {
    const room = await createRoom(app, ann)
    const first = await ask(app, ann, room, "one")
    const second = await ask(app, ann, room, "two")
    const listener = followRoom(app, ann, room)
    await listener.until(() => expect(listener.named("chatroom")).toHaveLength(1))
    const lastId = listener.events.at(-1)?.id as string
    await remove(second)
    await listener.until(() => expect(listener.named("message_deleted")).toHaveLength(1))
    expect(listener.named("message_deleted")[0]?.data).toEqual({ messageId: second.id })
    await listener.until(() => expect(listener.named("chatroom").at(-1)?.data.headId).toBe(second.parentId))
    await ann.http.put(`/chatroom/${room.id}/message/${first.id}/feedback`, { rating: "up" })
    await remove({ id: second.parentId, chatroomId: room.id })
    await listener.until(() => expect(listener.named("message_deleted")).toHaveLength(2))
    await listener.stop()
    const late = followRoom(app, ann, room, lastId)
    await late.until(() => expect(late.named("message_deleted")).toHaveLength(2))
    await late.stop()
    const seen = late.events.filter(({ event }) => event !== "chatroom")
    expect(seen.map(({ event, data }) => [event, data.messageId ?? data.id])).toEqual([
      ["message_deleted", second.id],
      ["message", first.id],
      ["message_deleted", second.parentId],
    ])
    expect(listener.events.at(-1)?.id).toBe(late.events.at(-1)?.id)
  })

  test("that come back in the middle of a deleted reply get the next one from its beginning", async () => {
    const room = await createRoom(app, ann)
    const running = await startEndless(room, "half heard")
    const listener = followRoom(app, ann, room)
    await listener.until(() => expect(listener.texts()[running.id]).toContain("Simulated"))
    await listener.stop()
    const { parentId } = (await ann.http.get(`/chatroom/${room.id}/message/${running.id}`)).body
    await remove({ id: parentId, chatroomId: room.id })
    const next = await ask(app, ann, room, "heard whole")
    const late = followRoom(app, ann, room, listener.events.at(-1)?.id)
    await late.until(() => expect(late.named("done")).toHaveLength(1))
    await late.stop()
    expect(late.texts()[next.id]).toBe(next.content)
    expect(late.named("message_deleted")).toHaveLength(1)
  })
})

test("a prompt that waited for its room while the reply that it follows was deleted is refused", async () => {
  const room = await createRoom(app, ann)
  const gone = await ask(app, ann, room, "soon gone")
  const client = await app.pool.connect()
  try {
    await client.query("BEGIN")
    await client.query("SELECT FROM chatrooms WHERE id = $1 FOR UPDATE", [room.id])
    const sent = send(app, ann, room, "too late", { parentId: gone.id })
    const waiting = "SELECT FROM pg_locks WHERE NOT granted"
    await until(async () => expect(await app.query(waiting)).not.toEqual([]))
    await client.query("DELETE FROM messages WHERE id = $1", [gone.parentId])
    await client.query("UPDATE chatrooms SET head_id = NULL WHERE id = $1", [room.id])
    await client.query("COMMIT")
    const refused = await sent
    expectProblem(refused, 400, "invalid_request")
    expect(refused.body.errors).toEqual([
      { path: "body.parentId", message: "must be a reply in this chatroom" },
    ])
  } finally {
    client.release()
  }
  expect(await contentsOf(room)).toEqual([])
})
