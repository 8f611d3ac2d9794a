import fc from "fast-check"
import { expect, test } from "vitest"
import { useTestApp, useUser } from "../helpers/use-app.ts"
import { exported, importFile, withoutIds } from "./kit.ts"

const app = useTestApp({ timing: { imports: { pollMs: 20 } } })
const ann = useUser(app)

const id = (n: number) => `01a20380-35df-77b7-a96a-${String(n).padStart(12, "0")}`

const time = fc
  .integer({ min: Date.UTC(2000, 0, 2), max: Date.UTC(2026, 0, 1) })
  .map((ms) => new Date(ms).toISOString())
/** What every store keeps as it is. */
const text = (maxLength: number) =>
  fc.string({ unit: "grapheme", maxLength }).map((value) => value.replaceAll("\u0000", "").toWellFormed())
const count = fc.nat(1_000_000)

const usage = fc.record({
  promptTokens: count,
  cachedTokens: count,
  outputTokens: count,
  thoughtTokens: count,
  toolTokens: count,
  totalTokens: count,
})

const citation = fc.record({
  uri: fc.oneof(fc.constant(null), fc.webUrl()),
  title: fc.oneof(fc.constant(null), text(20)),
  license: fc.oneof(fc.constant(null), text(10)),
  start: count,
  end: count,
})

const file = fc.record({
  id: fc.constant(null),
  name: fc.constantFrom("notes.txt", "héllo 🚀.png"),
  type: fc.constantFrom("text/plain", "image/png", null),
  bytes: fc.oneof(fc.constant(null), count),
})

const END = fc.constantFrom(
  { status: "completed", error: null },
  { status: "cancelled", error: null },
  { status: "failed", error: { code: "blocked", message: "In the file's own words." } },
)

const NO_REPLY = {
  ...{ thoughts: "", citations: [], searchQueries: [], notices: [], status: "completed", error: null },
  ...{ model: null, finishReason: null, usage: null, cost: null, feedback: null },
}

const prompt = fc.record({ content: text(60), attachments: fc.array(file, { maxLength: 3 }) })
const reply = fc
  .record({
    content: text(60),
    thoughts: text(20),
    citations: fc.array(citation, { maxLength: 2 }),
    searchQueries: fc.array(text(10), { maxLength: 2 }),
    end: END,
    model: fc.constantFrom("gemini-3.8-flash", null),
    finishReason: fc.constantFrom("STOP", "MAX_TOKENS", null),
    usage: fc.oneof(fc.constant(null), usage),
    cost: fc.constantFrom(null, { amount: "0.000123", currency: "USD" }),
    feedback: fc.constantFrom(null, { rating: "up", reason: "good" }, { rating: "down", reason: null }),
  })
  .map(({ end, ...rest }) => ({ ...rest, ...end }))

const message = fc.record({
  isReply: fc.boolean(),
  prompt,
  reply,
  parent: fc.nat(),
  createdAt: time,
  completedAt: time,
})

const room = fc
  .record({
    name: text(30).map((name) => name.trim() || "Room"),
    nameBy: fc.constantFrom("default", "model", "user"),
    model: fc.constantFrom(null, "gemini-3.8-flash"),
    systemInstruction: fc.oneof(
      fc.constant(null),
      text(40).map((words) => words || "Be brief."),
    ),
    context: fc.constantFrom("conversation", "single"),
    thinking: fc.constantFrom(null, "low", "medium", "high"),
    webSearch: fc.boolean(),
    urlContext: fc.boolean(),
    pinned: fc.boolean(),
    archivedAt: fc.oneof(fc.constant(null), time),
    temporary: fc.boolean(),
    createdAt: time,
    updatedAt: time,
    messages: fc.array(message, { maxLength: 25 }),
    head: fc.nat(),
    lastMessageAt: time,
  })
  .map(({ messages, head, lastMessageAt, ...chatroom }) => ({
    format: "chatroom",
    version: 1,
    chatroom: {
      ...chatroom,
      headId: messages.length > 0 ? id(head % messages.length) : null,
      lastMessageAt: messages.length > 0 ? lastMessageAt : null,
    },
    messages: messages.map(({ isReply, prompt, reply, parent, createdAt, completedAt }, n) => ({
      id: id(n),
      parentId: parent % (n + 1) === n ? null : id(parent % (n + 1)),
      role: isReply ? "model" : "user",
      ...(isReply ? { ...reply, notices: [], attachments: [] } : { ...NO_REPLY, ...prompt }),
      createdAt,
      completedAt,
    })),
  }))

test("whatever tree is imported is exported as it was, again and again", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(room, { minLength: 1, maxLength: 3 }), async (rooms) => {
      const first = await importFile(ann, rooms)
      expect([first.done, first.problems]).toEqual([rooms.length, []])
      const copies = []
      for (const chatroomId of first.chatrooms) copies.push(await exported(ann, chatroomId))
      expect(copies.map(withoutIds)).toEqual(
        rooms.map((room) => withoutIds({ ...room, exportedAt: "", chatroom: { ...room.chatroom, id: "" } })),
      )
      const second = await importFile(ann, copies)
      const again = []
      for (const chatroomId of second.chatrooms) again.push(await exported(ann, chatroomId))
      expect(again.map(withoutIds)).toEqual(copies.map(withoutIds))
    }),
    { numRuns: 8, endOnFailure: true },
  )
})
