import { describe, expect, test } from "vitest"
import { expectProblem } from "../helpers/answers.ts"
import { signIn } from "../helpers/app.ts"
import { ask, createRoom, promptsUsed } from "../helpers/chat.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"
import { exported, fixture, importFile, stored, upload, withoutIds } from "./kit.ts"

const app = useTestApp({ timing: { imports: { pollMs: 20 }, search: { indexMs: 50 } } })
const ann = useUser(app)

describe("an exported room", () => {
  test("comes back as it was, for its owner and for another user", async () => {
    const room = await createRoom(app, ann, { systemInstruction: "Be brief.", thinking: "low", pinned: true })
    const first = await ask(app, ann, room, "Hello")
    await ask(app, ann, room, "Another beginning", { parentId: null })
    await ann.http.patch(`/chatroom/${room.id}`, { headId: first.id, archived: true })
    const original = await exported(ann, room.id)
    const bob = await signIn(app)
    const used = await promptsUsed(app, ann)
    for (const user of [ann, bob]) {
      const { status, format, done, total, chatrooms, problems } = await importFile(user, original)
      expect({ status, format, done, total, problems }).toEqual({
        status: "completed",
        format: "chatroom",
        done: 1,
        total: 1,
        problems: [],
      })
      const copy = await exported(user, chatrooms[0])
      expect(copy.chatroom.id).not.toBe(room.id)
      expect(withoutIds(copy)).toEqual(withoutIds(original))
    }
    expect(await promptsUsed(app, ann)).toBe(used)
  })

  test("keeps its own files, and the names of others'", async () => {
    const file = await ann.http.post("/attachment", "a file of Ann's")
    const room = await createRoom(app, ann)
    await ask(app, ann, room, "Read this", { attachments: [file.body.id] })
    const original = await exported(ann, room.id)
    const own = await importFile(ann, original)
    expect((await exported(ann, own.chatrooms[0])).messages[0].attachments).toEqual([file.body])
    const bob = await signIn(app)
    const others = await importFile(bob, original)
    expect((await exported(bob, others.chatrooms[0])).messages[0].attachments).toEqual([
      { ...file.body, id: null },
    ])
    // No message has more than it may, but their names stay.
    const { id } = file.body
    original.messages[0].attachments = Array(6).fill(file.body)
    const many = await importFile(ann, original)
    const [first] = (await exported(ann, many.chatrooms[0])).messages
    expect(first.attachments.map((one: { id: string }) => one.id)).toEqual([id, id, id, id, null, null])
    // The copy needs the file, too.
    await ann.http.delete(`/chatroom/${room.id}`)
    expectProblem(await ann.http.delete(`/attachment/${file.body.id}`), 409, "attachment_in_use")
  })
})

/** A room's messages as lines: their number, the number of the one before, and what they are. */
// biome-ignore lint/suspicious/noExplicitAny: of an export
function linesOf(room: any): string[] {
  const { messages } = withoutIds(room)
  return messages.map(
    ({ id, parentId, role, content, status }: Record<string, unknown>) =>
      `${id} after ${parentId}: ${role}, ${status}: ${String(content).split("\n")[0]}`,
  )
}

describe("another product's export", () => {
  test("ChatGPT's keeps branches, order, times, thoughts, sources and names of files", async () => {
    const { format, chatrooms, problems } = await importFile(ann, fixture("chatgpt"))
    expect([format, problems]).toEqual(["chatgpt", []])
    const room = await exported(ann, chatrooms[0])
    expect(linesOf(room)).toEqual([
      "0 after null: user, completed: What is the capital of Australia?",
      "1 after 0: model, completed: Sydney.",
      "2 after 1: user, completed: Are you sure? Look at this map.",
      "3 after 2: model, completed: You are right.",
      "4 after 0: model, completed: Canberra.",
    ])
    expect(room.messages[3]).toMatchObject({
      content: "You are right.\n\nIt is Canberra. ",
      thoughts: "**Looking at the map**\n\nIt marks Canberra.",
      model: "o3",
      citations: [{ uri: "https://en.wikipedia.org/wiki/Canberra", title: "Canberra", start: 0, end: 0 }],
      usage: null,
      cost: null,
    })
    expect(room.messages[2].attachments).toEqual([
      { id: null, name: "map.png", type: "image/png", bytes: 34_567 },
    ])
    expect(room.messages[0].createdAt).toBe("2024-04-05T19:34:38.500Z")
    const { name, nameBy, pinned, archivedAt, headId, lastMessageAt, model } = room.chatroom
    expect({ name, nameBy, pinned, archivedAt, headId, model }).toEqual({
      name: "Capital of Australia",
      nameBy: "user",
      pinned: true,
      archivedAt: null,
      headId: room.messages[3].id,
      model: null,
    })
    expect(lastMessageAt).toBe("2024-04-05T19:35:38.500Z")
  })

  test("Open WebUI's keeps branches, instruction, reasoning, ratings and failures", async () => {
    const { format, chatrooms, problems } = await importFile(ann, fixture("open-webui"))
    expect([format, problems]).toEqual(["open-webui", []])
    const room = await exported(ann, chatrooms[0])
    expect(linesOf(room)).toEqual([
      "0 after null: user, completed: Write a haiku about rivers.",
      "1 after 0: model, completed: Water finds its way",
      "2 after 0: model, completed: Rain meets mountain stone,",
      "3 after 2: user, completed: And one about this file?",
      "4 after 3: model, failed: ",
    ])
    expect(room.chatroom).toMatchObject({
      name: "Rivers",
      systemInstruction: "You are a poet.",
      archivedAt: "2025-01-01T00:00:41.000Z",
      headId: room.messages[4].id,
    })
    expect(room.messages[1].feedback).toEqual({ rating: "down", reason: "Not a haiku" })
    expect(room.messages[2].thoughts).toBe("Five, seven,\nfive.")
    expect(room.messages[3].attachments).toEqual([
      { id: null, name: "notes.txt", type: "text/plain", bytes: 120 },
      { id: null, name: "image", type: "image/png", bytes: null },
    ])
    expect(room.messages[4].error).toEqual({ code: "internal", message: "Ollama: 500, connection refused" })
  })

  test("can be continued, and is shown among the user's rooms", async () => {
    const { chatrooms } = await importFile(ann, fixture("chatgpt"))
    const [id] = chatrooms
    const archived = (await ann.http.get("/chatroom")).body.map((room: { id: string }) => room.id)
    expect(archived).toContain(id)
    const cal = await signIn(app)
    const { chatrooms: own } = await importFile(cal, fixture("chatgpt"))
    const reply = await ask(app, cal, { id: own[0] }, "And of New Zealand?")
    expect(reply.status).toBe("completed")
    const { messages } = (await cal.http.get(`/chatroom/${own[0]}`)).body
    expect(messages.map(({ role }: { role: string }) => role)).toEqual([
      ...["user", "model", "user", "model", "user", "model"],
    ])
  })
})

test("an imported room is announced to followers of the list, and found by search", async () => {
  const eve = await signIn(app)
  const stop = new AbortController()
  const events = eve.http.events("/user/me/events", { signal: stop.signal })
  expect((await events.next()).value?.event).toBe("reset")
  const { chatrooms } = await importFile(eve, fixture("chatgpt"))
  const announced = await events.next()
  expect([announced.value?.event, announced.value?.data.id]).toEqual(["chatroom", chatrooms[0]])
  stop.abort()
  const found = async () => (await eve.http.get("/search?q=Canberra")).body
  await expect.poll(async () => (await found()).length).toBe(2)
  expect((await found()).map(({ room }: { room: { id: string } }) => room.id)).toEqual([
    ...[chatrooms[0], chatrooms[0]],
  ])
})

test("failures and costs of copies aren't counted, and nothing is sent to the model", async () => {
  const dan = await signIn(app)
  const calls = (await app.admin.get("/admin/replies?limit=100")).body.length
  await importFile(dan, fixture("open-webui"))
  expect((await app.admin.get("/admin/replies?limit=100")).body).toHaveLength(calls)
  expect((await dan.http.get("/user/me/usage")).body).toEqual([])
  expect(await app.query("SELECT * FROM room_tasks WHERE user_id = $1", dan.user.id)).toEqual([])
  expect(await stored(app, dan)).toMatchObject({ imports: 1, chunks: 0, rooms: 1, messages: 5 })
})

test("a file may be the file of a form", async () => {
  const form = new FormData()
  form.set("file", new Blob([fixture("chatgpt")]), "conversations.json")
  const response = await fetch(`${app.url}/chatroom/import`, {
    method: "POST",
    headers: { Authorization: `Bearer ${ann.token}` },
    body: form,
  })
  expect(response.status).toBe(202)
  const location = response.headers.get("location") as string
  await expect.poll(async () => (await ann.http.get(location)).body.chatrooms.length).toBe(1)
})

test("strangers don't see it", async () => {
  const { headers } = await upload(ann, "[]")
  const path = headers.get("location") as string
  await expect.poll(async () => (await ann.http.get(path)).body.status).toBe("completed")
  expectProblem(await (await signIn(app)).http.get(path), 404, "not_found")
  expectProblem(await app.http.get(path), 401, "unauthenticated")
  expectProblem(await app.http.post("/chatroom/import", "[]"), 401, "unauthenticated")
})
