import { describe, expect, test } from "vitest"
import { ask, createRoom } from "../helpers/chat.ts"
import { followRoom } from "../helpers/follow-room.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"

const NO_TOOLS = "gemma-4-house-blend"

const app = useTestApp({
  config: {
    gemini: { models: ["gemini-3.8-flash", NO_TOOLS].map((name) => ({ name, tier: "basic" as const })) },
  },
})
const ann = useUser(app, { pro: true })

const toolsOf = (prompt: string) =>
  app.gemini
    .calls()
    .filter((call) => call.prompt.includes(prompt))
    .map(({ request }) => request?.tools)

describe("a room that searches the web", () => {
  test("lets the model search; the reply has its sources, with what they support, and what was searched for", async () => {
    const room = await createRoom(app, ann, { webSearch: true })
    const listener = followRoom(app, ann, room)
    await listener.until(() => expect(listener.events).toHaveLength(1))
    const reply = await ask(app, ann, room, "What is new in Zürich 🏙️?")
    expect(toolsOf("new in Zürich")).toEqual([[{ googleSearch: {} }]])
    expect(reply).toMatchObject({ status: "completed", searchQueries: ["What is new in Zürich 🏙️?"] })
    expect(reply.usage.toolTokens).toBe(100)
    expect(reply.citations.length).toBeGreaterThan(2)
    for (const { uri, title, start, end } of reply.citations) {
      expect(uri).toMatch(/^https:\/\//)
      expect(title).toMatch(/^example\./)
      expect(reply.content.slice(start, end)).toMatch(/^\S.*[.!?]$/)
    }
    await listener.until(() => expect(listener.named("done")).toHaveLength(1))
    const done = listener.named("done")[0]?.data
    expect(done).toMatchObject({ citations: reply.citations, searchQueries: reply.searchQueries })
    await listener.stop()
  })

  test("asks the model to, and leaves it the choice", async () => {
    const room = await createRoom(app, ann, { webSearch: true })
    const reply = await ask(app, ann, room, "[[gemini: searches=0]] What is two and two?")
    expect(reply).toMatchObject({ status: "completed", citations: [], searchQueries: [] })
    expect(reply.usage.toolTokens).toBe(0)
  })

  test("may be any room, from the next prompt on", async () => {
    const room = await createRoom(app, ann)
    expect((await ask(app, ann, room, "before the change")).searchQueries).toEqual([])
    await ann.http.patch(`/chatroom/${room.id}`, { webSearch: true, urlContext: true })
    const both = await ask(app, ann, room, "with both tools on https://a.example/page")
    expect(toolsOf("before the change")).toEqual([undefined])
    expect(toolsOf("with both tools")).toEqual([[{ googleSearch: {} }, { urlContext: {} }]])
    expect(both.searchQueries).toHaveLength(1)
    await ann.http.patch(`/chatroom/${room.id}`, { webSearch: false, urlContext: false })
    expect((await ask(app, ann, room, "after the change")).searchQueries).toEqual([])
  })

  test("shows nothing of Google's HTML, nor links that aren't ones", async () => {
    const room = await createRoom(app, ann, { webSearch: true })
    const reply = await ask(app, ann, room, "chips")
    expect(JSON.stringify(reply)).not.toMatch(/<style|class=/)
  })

  test("exports what it found", async () => {
    const room = await createRoom(app, ann, { webSearch: true })
    const reply = await ask(app, ann, room, "to be exported")
    const { body } = await ann.http.get("/user/me/export")
    const exported = body.chatrooms.find(({ id }: { id: string }) => id === room.id)
    expect(exported.messages[1]).toMatchObject({
      citations: reply.citations,
      searchQueries: reply.searchQueries,
      toolTokens: 100,
    })
  })
})

describe("a room with URL context", () => {
  test("lets the model read the pages that a prompt names, which are sources also of no part of the text", async () => {
    const room = await createRoom(app, ann, { urlContext: true })
    const prompt = '[[gemini: echo="Short."]] Sum up https://a.example/one and https://b.invalid/two'
    const reply = await ask(app, ann, room, prompt)
    expect(toolsOf("Sum up")).toEqual([[{ urlContext: {} }]])
    expect(reply).toMatchObject({ content: "Short.", searchQueries: [] })
    expect(reply.citations).toEqual([
      { uri: "https://a.example/one", title: "a.example", license: null, start: 0, end: 0 },
    ])
    const longer = await ask(app, ann, room, "And what does https://c.example/three say?")
    expect(longer.citations.length).toBeGreaterThan(0)
    for (const { uri, start, end } of longer.citations) {
      expect(uri).toBe("https://c.example/three")
      expect(end).toBeGreaterThan(start)
    }
  })
})

test("a model that lacks the tools replies without them", async () => {
  const room = await createRoom(app, ann, { model: NO_TOOLS, webSearch: true, urlContext: true })
  const reply = await ask(app, ann, room, "without tools on https://a.example/")
  expect(reply).toMatchObject({ status: "completed", model: NO_TOOLS, citations: [], searchQueries: [] })
  expect(toolsOf("without tools")).toEqual([undefined])
})
