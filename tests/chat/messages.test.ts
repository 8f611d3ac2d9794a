import { randomUUID } from "node:crypto"
import { describe, expect, test, vi } from "vitest"
import { DAY } from "../../src/utils/time.ts"
import type { Answer } from "../../tools/lib/http.ts"
import { readPages, times } from "../helpers/answers.ts"
import { signIn } from "../helpers/app.ts"
import {
  ask,
  cancel,
  createRoom,
  finalReply,
  makePro,
  promptsUsed,
  send,
  useUpQuota,
} from "../helpers/chat.ts"
import { nextMidnight, setAppNow, setNoon } from "../helpers/clock.ts"
import { addRoom } from "../helpers/rooms.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"

const app = useTestApp()
const ann = useUser(app, { pro: true })

describe("sending a message", () => {
  test("answers at once with the prompt and its queued reply, which Gemini then fills", async () => {
    const room = await createRoom(app, ann)
    const { status, headers, body } = await send(app, ann, room, "Hello, how are you?")
    expect(status).toBe(202)
    expect(headers.get("location")).toBe(`/chatroom/${room.id}/message/${body.reply.id}`)
    const prompt = { role: "user", content: "Hello, how are you?", status: "completed" }
    expect(body).toMatchObject({ ...prompt, parentId: null, attachments: [] })
    const queued = { role: "model", content: "", status: "queued", error: null, usage: null }
    expect(body.reply).toMatchObject({ ...queued, parentId: body.id })
    const reply = await finalReply(app, ann, body.reply)
    const completed = { status: "completed", finishReason: "STOP", error: null }
    expect(reply).toMatchObject({ ...completed, model: "gemini-3.8-flash" })
    expect(reply.content).toContain("Simulated reply")
    expect(reply.usage.totalTokens).toBeGreaterThan(0)
  })

  test("with Prefer: wait answers 201 with the final reply", async () => {
    const room = await createRoom(app, ann)
    const headers = { Prefer: "respond-async, wait=20" }
    const answer = await ann.http.post(`/chatroom/${room.id}/message`, { message: "hi" }, { headers })
    expect(answer).toMatchObject({ status: 201, body: { reply: { status: "completed" } } })
    expect(answer.headers.get("preference-applied")).toBe("wait=20")
  })

  test("with Prefer: wait answers 202 when the reply takes longer", async () => {
    const room = await createRoom(app, ann)
    const headers = { Prefer: "wait=1" }
    const message = "[[gemini: stall after=1]]"
    const answer = await ann.http.post(`/chatroom/${room.id}/message`, { message }, { headers })
    expect(answer.status).toBe(202)
    await ann.http.delete(`/chatroom/${room.id}`)
  })

  test("moves the room to the top and makes its reply the head", async () => {
    const room = await createRoom(app, ann)
    await createRoom(app, ann)
    const { body } = await send(app, ann, room, "up")
    const rooms = (await ann.http.get("/chatroom")).body
    expect(rooms[0]).toMatchObject({ id: room.id, headId: body.reply.id, lastMessageAt: body.createdAt })
  })

  test.each([
    ["nothing", undefined],
    ["an empty object", {}],
    ["an empty message", { message: "" }],
    ["a blank message", { message: " \n\t" }],
    ["a number", { message: 1 }],
    ["an array", [{ message: "x" }]],
    ["null", null],
    ["NUL", { message: "a\u0000b" }],
    ["a lone surrogate", { message: "a\ud83d" }],
    ["32,001 characters", { message: "x".repeat(32_001) }],
    ["attachments that aren't taken yet", { message: "x", attachments: [{}] }],
    ["a parent that is no id", { message: "x", parentId: "1" }],
    ["an unknown parent", { message: "x", parentId: randomUUID() }],
    ["__proto__", '{"message":"x","__proto__":{"a":1}}'],
    ["constructor", '{"message":"x","constructor":{"prototype":{"a":1}}}'],
    ["half of JSON", '{"message":"x'],
    ["a body in Latin-1", Buffer.from('{"message":"caf\xe9"}', "latin1")],
    ["a body in UTF-16", Buffer.from('{"message":"x"}', "utf16le")],
    ["deep nesting", `{"message":${"[".repeat(100_000)}${"]".repeat(100_000)}}`],
  ])("refuses %s with 400, and writes nothing", async (_, body) => {
    const room = await createRoom(app, ann)
    const used = await promptsUsed(app, ann)
    const headers = { "Content-Type": "application/json" }
    const answer = await ann.http.post(`/chatroom/${room.id}/message`, body, { headers })
    expect(answer).toMatchObject({ status: 400, body: { code: "invalid_request" } })
    expect((await ann.http.get(`/chatroom/${room.id}/message`)).body).toEqual([])
    expect(await promptsUsed(app, ann)).toBe(used)
  })

  test.each([
    ["emoji", "👩‍👩‍👧‍👦 🏳️‍🌈 \u{1F600}"],
    ["right-to-left", "مرحبا \u202Eשלום\u202C"],
    ["combining marks", `e\u0301 Z${"\u0351".repeat(50)}`],
    ["control characters", "\u0001\u0008\u001f\u007f\r\n\t end "],
    ["markup", `<script>alert("1")</script> '; DROP TABLE users; --`],
    ["32,000 characters", "é".repeat(32_000)],
    ["32,000 emoji", "😀".repeat(32_000)],
  ])("keeps %s exactly", async (_, message) => {
    const room = await createRoom(app, ann)
    const { status, body } = await send(app, ann, room, message)
    expect(status).toBe(202)
    const stored = await ann.http.get(`/chatroom/${room.id}/message/${body.id}`)
    expect(stored.body.content).toBe(message)
    expect(body.content).toBe(message)
  })
})

describe("an Idempotency-Key", () => {
  test("makes one exchange and charges one unit, however many requests carry it at once", async () => {
    const user = await signIn(app)
    const room = await createRoom(app, user)
    const headers = { "Idempotency-Key": randomUUID() }
    const post = (message: string) => user.http.post(`/chatroom/${room.id}/message`, { message }, { headers })
    const answers = await times(20, () => post("once"))
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(202))
    // The reply's wait is estimated again each time.
    const timeless = ({ body }: Answer) => ({ ...body, reply: { ...body.reply, estimatedWaitMs: null } })
    expect(new Set(answers.map((answer) => JSON.stringify(timeless(answer)))).size).toBe(1)
    expect(await promptsUsed(app, user)).toBe(1)
    await finalReply(app, user, answers[0]?.body.reply)
    expect(timeless(await post("once"))).toEqual(timeless(answers[0] as Answer))
    expect(await post("twice")).toMatchObject({ status: 422, body: { code: "idempotency_conflict" } })
    expect((await user.http.get(`/chatroom/${room.id}/message`)).body).toHaveLength(2)
  })

  test("of a prompt over the quota may be used again", async () => {
    const user = await signIn(app)
    const room = await createRoom(app, user)
    await useUpQuota(app, user)
    const headers = { "Idempotency-Key": "again" }
    const post = () => user.http.post(`/chatroom/${room.id}/message`, { message: "x" }, { headers })
    expect((await post()).status).toBe(429)
    await makePro(app, user)
    expect((await post()).status).toBe(202)
  })

  test("must be 1 to 255 printable characters", async () => {
    const room = await createRoom(app, ann)
    const headers = { "Idempotency-Key": "x".repeat(256) }
    const answer = await ann.http.post(`/chatroom/${room.id}/message`, { message: "x" }, { headers })
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ path: "headers.Idempotency-Key" }] } })
  })
})

describe("the tree of messages", () => {
  test("a message follows the branch that is shown, its parent, or none", async () => {
    const room = await createRoom(app, ann)
    const first = await ask(app, ann, room, "one")
    const next = await send(app, ann, room, "two")
    expect(next.body.parentId).toBe(first.id)
    const edited = await send(app, ann, room, "two, better", { parentId: first.id })
    expect(edited.body.parentId).toBe(first.id)
    const root = await send(app, ann, room, "one, better", { parentId: null })
    expect(root.body.parentId).toBeNull()
    expect((await ann.http.get(`/chatroom/${room.id}/message`)).body).toHaveLength(8)
    const shown = async () => {
      const { messages } = (await ann.http.get(`/chatroom/${room.id}`)).body
      return messages.flatMap(({ role, content }: Record<string, string>) => (role === "user" ? content : []))
    }
    expect(await shown()).toEqual(["one, better"])
    await ann.http.patch(`/chatroom/${room.id}`, { headId: edited.body.reply.id })
    expect(await shown()).toEqual(["one", "two, better"])
  })

  test("a parent must be a reply of the same room", async () => {
    const room = await createRoom(app, ann)
    const other = await ask(app, ann, await createRoom(app, ann), "elsewhere")
    const { body: prompt } = await send(app, ann, room, "here")
    for (const parentId of [other.id, prompt.id]) {
      expect(await send(app, ann, room, "x", { parentId })).toMatchObject({
        status: 400,
        body: { errors: [{ path: "body.parentId" }] },
      })
    }
  })

  test("a room shows the newest 50 of its branch, older ones by Link", async () => {
    const room = await createRoom(app, ann)
    for (let i = 0; i < 30; i++) await send(app, ann, room, `prompt ${i}`)
    const pages = await readPages(ann.http, `/chatroom/${room.id}`)
    expect(pages.map(({ messages }) => messages.length)).toEqual([50, 10])
    expect([pages[0].messages[48].content, pages[1].messages[0].content]).toEqual(["prompt 29", "prompt 0"])
  })

  test("all messages are listed oldest first, by pages", async () => {
    const room = await createRoom(app, ann)
    for (let i = 0; i < 4; i++) await send(app, ann, room, `prompt ${i}`)
    const pages = await readPages(ann.http, `/chatroom/${room.id}/message?limit=3`)
    const seen = pages.flat().map(({ role, content }) => (role === "user" ? content : role))
    expect(seen).toEqual(["prompt 0", "model", "prompt 1", "model", "prompt 2", "model", "prompt 3", "model"])
  })
})

describe("the daily quota", () => {
  test("a Basic user gets five prompts a day and a 429 that says when the quota resets and how to upgrade", async () => {
    const user = await signIn(app)
    const room = await createRoom(app, user)
    await setNoon(app.pool)
    for (let i = 0; i < 5; i++) expect((await send(app, user, room, `prompt ${i}`)).status).toBe(202)
    const refused = await send(app, user, room, "one too many")
    const body = { code: "quota_exceeded", limit: 5, upgrade: "/subscribe/pro" }
    expect(refused).toMatchObject({ status: 429, body })
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0)
    expect(refused.body.resetsAt).toMatch(/T00:00:00.000Z$/)
    expect((await user.http.get(`/chatroom/${room.id}/message`)).body).toHaveLength(10)
  })

  test("resets at midnight UTC, and a failed reply is refunded to the day that it was charged to", async () => {
    const user = await signIn(app)
    const room = await createRoom(app, user)
    const midnight = nextMidnight()
    const [today, tomorrow, dayAfter] = [-1, 0, 1].map((days) => new Date(midnight.getTime() + days * DAY))
    const dayOf = (time: Date | undefined) => time?.toISOString().slice(0, 10)
    await setAppNow(app.pool, new Date(midnight.getTime() - 1))
    try {
      const { reply } = (await send(app, user, room, "[[gemini: stall after=1]] holds the room up")).body
      const { reply: blocked } = (await send(app, user, room, "[[gemini: blocked]]")).body
      for (let i = 0; i < 3; i++) expect((await send(app, user, room, `prompt ${i}`)).status).toBe(202)
      const refused = await send(app, user, room, "one too many")
      expect(refused).toMatchObject({ status: 429, body: { resetsAt: midnight.toISOString() } })
      expect(refused.headers.get("retry-after")).toBe("1")

      await setAppNow(app.pool, midnight)
      expect((await send(app, user, room, "a new day")).status).toBe(202)
      const { body } = await app.http.get("/subscription/status", { token: user.token })
      const resetsAt = dayAfter?.toISOString()
      expect(body.usage).toMatchObject({ day: dayOf(tomorrow), used: 1, limit: 5, remaining: 4, resetsAt })

      await cancel(user, reply)
      expect(await finalReply(app, user, blocked)).toMatchObject({ status: "failed" })
      const sql = "SELECT day::text, used FROM usage_counters WHERE user_id = $1 ORDER BY day"
      expect(await app.query(sql, user.user.id)).toEqual([
        { day: dayOf(today), used: 4 },
        { day: dayOf(tomorrow), used: 1 },
      ])
    } finally {
      await setNoon(app.pool)
    }
  })

  test("is charged for completed replies, also in rooms that are deleted, and not for failed ones", async () => {
    const user = await signIn(app)
    const room = await createRoom(app, user)
    await ask(app, user, room, "fine")
    const failed = await ask(app, user, room, "[[gemini: blocked]]")
    expect(failed).toMatchObject({ status: "failed", error: { code: "blocked" } })
    expect(await promptsUsed(app, user)).toBe(1)
    await user.http.delete(`/chatroom/${room.id}`)
    expect(await promptsUsed(app, user)).toBe(1)
  })
})

describe("long messages", () => {
  const TEXT = "x".repeat(32_000)
  type Texts = { content: string }[]
  const bytesOf = (page: Texts) => page.reduce((sum, { content }) => sum + content.length, 0)

  test("make pages of half a megabyte, which together are all of them, oldest and newest first", async () => {
    const room = await addRoom(app, ann.user.id, 100, TEXT)
    const pages: Texts[] = await readPages(ann.http, `/chatroom/${room}/message?limit=100`)
    const branch = (await readPages(ann.http, `/chatroom/${room}`)).map(({ messages }) => messages)
    expect(pages.length).toBeGreaterThan(5)
    expect(branch.length).toBeGreaterThan(5)
    for (const page of [...pages, ...branch]) expect(bytesOf(page)).toBeLessThan(512 * 1024 + 2 * TEXT.length)
    const numbers = (list: Texts) => list.map(({ content }) => Number(content.slice(TEXT.length)))
    // The chain begins at position 0, which no list of the API has.
    expect(numbers(pages.flat())).toEqual(Array.from({ length: 99 }, (_, n) => n + 1))
    expect(numbers(branch.toReversed().flat())).toEqual(Array.from({ length: 100 }, (_, n) => n))
  })

  test("are read in turns: two lists of a user at once, however many are asked for", async () => {
    const room = await addRoom(app, ann.user.id, 40, TEXT)
    const { db } = app.ctx
    const { executeAsText } = db
    let [running, most] = [0, 0]
    // What only lists of messages call.
    const spy = vi.spyOn(db, "executeAsText").mockImplementation(async (name, text, values) => {
      most = Math.max(most, ++running)
      return executeAsText.call(db, name, text, values).finally(() => running--)
    })
    const paths = [`/chatroom/${room}/message?limit=100`, `/chatroom/${room}`]
    const answers = await times(30, (n) => ann.http.get(paths[n % 2] as string))
    spy.mockRestore()
    expect(answers.map(({ status }) => status)).toEqual(Array(30).fill(200))
    expect(most).toBe(2)
  })
})
