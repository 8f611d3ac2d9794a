import { describe, expect, test } from "vitest"
import { watchRooms } from "../../packages/client/examples/rooms.ts"
import { type ChatClient, type Chatroom, type Message, textOf } from "../../packages/client/src/index.ts"
import { readEvents } from "../../packages/client/src/sse.ts"
import { useTestApp } from "../helpers/use-app.ts"
import { breakingFetch, newClient, signedIn } from "./kit.ts"

const app = useTestApp({
  config: { plans: { basicDailyPrompts: 100 }, http: { streamsPerUser: 100 } },
  timing: { replies: { firstRetryMs: 200 } },
})

async function last<T>(items: AsyncIterable<T>): Promise<T | undefined> {
  let found: T | undefined
  for await (const item of items) found = item
  return found
}

const readReply = (client: ChatClient, { reply }: { reply: Pick<Message, "id" | "chatroomId"> }) =>
  client.call("GET /chatroom/{id}/message/{messageId}", {
    params: { id: reply.chatroomId, messageId: reply.id },
  })

describe("the events of a reply", () => {
  test("come until it is done", async () => {
    const { client, room } = await signedIn(app)
    const { prompt, events } = await client.ask({ chatroomId: room.id, message: "Hello" })
    expect(await last(textOf(events))).toContain("Hello")
    expect(await readReply(client, prompt)).toMatchObject({ status: "completed" })
  })

  test("go on exactly where a connection broke off, again and again", async () => {
    const { client, room } = await signedIn(app)
    const { fetch, opened } = breakingFetch(300, 4)
    const breaking = newClient(app, { tokens: client.tokens, fetch })
    const message = "[[gemini: chunks=40 delay=15]] a long one"
    const { prompt, events } = await breaking.ask({ chatroomId: room.id, message })
    let text = ""
    let content = ""
    for await (const { event, data } of events) {
      if (event === "delta") text += data.text
      if (event === "done") content = data.content
    }
    expect(text).toBe(content)
    expect(content).not.toBe("")
    expect(opened).toHaveLength(5)
    expect(opened[0]).toBeNull()
    expect(opened.slice(1).every((id) => /^1-\d+$/.test(id ?? ""))).toBe(true)
    expect(prompt.reply.status).toBe("queued")
  })

  test("are its thoughts, too, where a level of thinking was asked for, through broken connections", async () => {
    const { client, room } = await signedIn(app)
    const { fetch, opened } = breakingFetch(400, 4)
    const breaking = newClient(app, { tokens: client.tokens, fetch })
    const message = "[[gemini: thoughts=8 chunks=10 delay=15]] think"
    const { events } = await breaking.ask({ chatroomId: room.id, message, thinking: "high" })
    const heard = { thought: "", delta: "" }
    let final: Message | undefined
    for await (const { event, data } of events) {
      if (event === "thought" || event === "delta") heard[event] += data.text
      if (event === "done") final = data
    }
    expect(final?.thoughts).not.toBe("")
    expect(heard).toEqual({ thought: final?.thoughts, delta: final?.content })
    expect(opened.length).toBeGreaterThan(1)
  })

  test("start again with a new attempt", async () => {
    const { client, room } = await signedIn(app)
    const message = "[[gemini: cut after=4 times=1 delay=60 chunks=12]] break"
    const { prompt, events } = await client.ask({ chatroomId: room.id, message })
    const seen: string[] = []
    for await (const text of textOf(events)) seen.push(text)
    expect(seen).toContain("")
    expect(seen.at(-1)).toBe((await readReply(client, prompt)).content)
  })

  test("survive a token that has expired meanwhile", async () => {
    const { client, room, tokens } = await signedIn(app)
    const { prompt } = await client.ask({ chatroomId: room.id, message: "Hello" })
    const live = await tokens.get()
    tokens.set({ token: "dead", refreshToken: live?.refreshToken as string })
    const events = client.followReply({ chatroomId: room.id, messageId: prompt.reply.id })
    expect(await last(events)).toMatchObject({ event: "done" })
  })

  test("end quietly when the caller aborts", async () => {
    const { client, room } = await signedIn(app)
    const hangUp = new AbortController()
    const message = "[[gemini: stall after=1]] never done"
    const { events } = await client.ask({ chatroomId: room.id, message, signal: hangUp.signal })
    const seen: string[] = []
    for await (const { event } of events) {
      seen.push(event)
      hangUp.abort()
    }
    expect(seen).toEqual(["delta"])
  })

  test("of nothing are an error", async () => {
    const { client, room } = await signedIn(app)
    const events = client.followReply({ chatroomId: room.id, messageId: crypto.randomUUID() })
    await expect(events.next()).rejects.toMatchObject({ status: 404, code: "not_found" })
  })
})

describe("ask", () => {
  test("sends a prompt once, though its first answer was lost", async () => {
    const { client, room } = await signedIn(app)
    let lost = 0
    const losing: typeof fetch = async (input, init) => {
      const response = await fetch(input, init)
      if (init?.method !== "POST" || lost > 0) return response
      lost += 1
      throw new TypeError("fetch failed")
    }
    const unlucky = newClient(app, { tokens: client.tokens, fetch: losing })
    await unlucky.ask({ chatroomId: room.id, message: "Once" })
    const messages = await client.call("GET /chatroom/{id}/message", { params: { id: room.id } })
    expect(lost).toBe(1)
    expect(messages.filter(({ role }) => role === "user")).toHaveLength(1)
  })
})

test("the events of a room arrive in full, through broken connections", async () => {
  const { client, room } = await signedIn(app)
  const { fetch, opened } = breakingFetch(600, 3)
  const breaking = newClient(app, { tokens: client.tokens, fetch })
  const seen: { event: string; text?: string }[] = []
  const following = (async () => {
    for await (const { event, data } of breaking.followRoom(room.id))
      seen.push(event === "delta" ? { event, text: data.text } : { event })
  })()
  await expect.poll(() => seen.length).toBeGreaterThan(0)
  const message = "[[gemini: chunks=20 delay=10]] Hello"
  const { events } = await client.ask({ chatroomId: room.id, message })
  const text = await last(textOf(events))
  await expect.poll(() => seen.map(({ event }) => event)).toContain("done")
  await client.call("DELETE /chatroom/{id}", { params: { id: room.id } })
  await following
  expect(seen.at(-1)?.event).toBe("deleted")
  expect(seen.map(({ text = "" }) => text).join("")).toBe(text)
  expect(opened.length).toBeGreaterThan(1)
})

test("a stream tells how often in a row it has failed", async () => {
  const { client, room } = await signedIn(app)
  let opened = 0
  const failing: typeof fetch = async (input, init) => {
    opened += 1
    if (opened <= 3) throw new TypeError("refused")
    return fetch(input, init)
  }
  const counts: number[] = []
  const onFailures = (count: number) => counts.push(count)
  const events = newClient(app, { tokens: client.tokens, fetch: failing }).followRoom(room.id, { onFailures })
  await events.next()
  await events.return(undefined)
  expect(counts).toEqual([1, 2, 3, 0])
})

test("a stream tells when to come back", async () => {
  const waits: number[] = []
  const stream = new Blob(["retry: soon\n\nevent: delta\ndata: 1\n\nretry: 15000\n\n"]).stream()
  const seen: string[] = []
  for await (const { event } of readEvents(stream, (ms) => waits.push(ms))) seen.push(event)
  expect([seen, waits]).toEqual([["delta"], [15_000]])
})

describe("the list of rooms", () => {
  test("is kept up to date by the example, through broken connections", async () => {
    const { client, room } = await signedIn(app)
    const { fetch, opened } = breakingFetch(700, 3)
    const breaking = newClient(app, { tokens: client.tokens, fetch })
    const hangUp = new AbortController()
    let shown: Chatroom[] = []
    const watching = watchRooms(breaking, (rooms) => (shown = rooms), hangUp.signal)
    await expect.poll(() => shown.map(({ id }) => id)).toEqual([room.id])
    for (const name of ["one", "two", "three"]) {
      await client.call("POST /chatroom", { body: { name } })
      await expect.poll(() => shown[0]?.name).toBe(name)
    }
    await client.call("DELETE /chatroom/{id}", { params: { id: room.id } })
    await expect.poll(() => shown.map(({ name }) => name)).toEqual(["three", "two", "one"])
    expect(opened.length).toBeGreaterThan(1)
    expect(opened.slice(1)).toEqual(opened.slice(1).map(() => expect.stringMatching(/^\d+\.\d+$/)))
    hangUp.abort()
    await watching
  })
})
