import { AbstractChat, type ChatStatus, type UIMessage } from "ai"
import { describe, expect, test } from "vitest"
import { createRoomTransport, toUIMessages } from "../../packages/client/src/ai.ts"
import type { ChatClient } from "../../packages/client/src/index.ts"
import { useTestApp } from "../helpers/use-app.ts"
import { signedIn } from "./kit.ts"

const app = useTestApp({
  config: { plans: { basicDailyPrompts: 100 } },
  timing: { replies: { firstRetryMs: 200 } },
})

/** What `useChat` holds, without React. */
class Chat extends AbstractChat<UIMessage> {
  constructor(client: ChatClient, id: string, messages: UIMessage[] = []) {
    const state = {
      status: "ready" as ChatStatus,
      error: undefined as Error | undefined,
      messages,
      pushMessage: (message: UIMessage) => void state.messages.push(message),
      popMessage: () => void state.messages.pop(),
      replaceMessage: (index: number, message: UIMessage) =>
        void state.messages.splice(index, 1, structuredClone(message)),
      snapshot: <T>(thing: T): T => structuredClone(thing),
    }
    super({ id, transport: createRoomTransport({ client }), state })
  }
}

async function startChat() {
  const { client, room } = await signedIn(app)
  return { client, room, chat: new Chat(client, room.id) }
}

const textIn = (message: UIMessage | undefined) =>
  message?.parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("")

const roomOf = (client: ChatClient, id: string) => client.call("GET /chatroom/{id}", { params: { id } })

describe("useChat", () => {
  test("shows a reply as it comes, under its id", async () => {
    const { client, room, chat } = await startChat()
    await chat.sendMessage({ text: "[[gemini: chunks=10 delay=5]] Hello" })
    expect(chat.status).toBe("ready")
    const { messages } = await roomOf(client, room.id)
    expect(chat.lastMessage).toMatchObject({ role: "assistant", id: messages[1]?.id })
    expect(textIn(chat.lastMessage)).toBe(messages[1]?.content)
  })

  test("continues a conversation, edits a prompt and regenerates, as branches of the room", async () => {
    const { client, room, chat } = await startChat()
    await chat.sendMessage({ text: "First" })
    await chat.sendMessage({ text: "Second" })
    expect((await roomOf(client, room.id)).messages).toHaveLength(4)
    const [, first, second] = chat.messages
    await chat.sendMessage({ text: "Second, better", messageId: second?.id })
    const edited = (await roomOf(client, room.id)).messages
    expect(edited.map(({ content }) => content)).toContain("Second, better")
    expect(edited).toHaveLength(4)
    expect(edited[2]?.parentId).toBe(first?.id)
    await chat.regenerate()
    const again = (await roomOf(client, room.id)).messages
    expect(again.at(-1)?.id).toBe(chat.lastMessage?.id)
    expect(again.at(-1)?.siblings).toMatchObject({ position: 2, previousId: edited.at(-1)?.id })
  })

  test("regenerates without another prompt, of the last reply as of one that is named, and of a loaded page", async () => {
    const { client, room, chat } = await startChat()
    await chat.sendMessage({ text: "First" })
    await chat.sendMessage({ text: "Second" })
    const [, first, , second] = chat.messages
    await chat.regenerate()
    expect(chat.lastMessage?.id).not.toBe(second?.id)
    await chat.regenerate({ messageId: first?.id as string })
    const { messages } = await roomOf(client, room.id)
    expect(messages.map(({ id }) => id)).toEqual([expect.any(String), chat.lastMessage?.id])
    const loaded = new Chat(client, room.id, toUIMessages(messages))
    await loaded.regenerate()
    const all = await client.call("GET /chatroom/{id}/message", { params: { id: room.id } })
    expect(all.map(({ role }) => role)).toEqual(["user", "model", "user", "model", "model", "model", "model"])
    expect(all.at(-1)).toMatchObject({ id: loaded.lastMessage?.id, siblings: { position: 3, count: 3 } })
    const used = await client.call("GET /subscription/status")
    expect(used.usage.used).toBe(5)
  })

  test("forgets the text of an attempt that broke off", async () => {
    const { client, room, chat } = await startChat()
    await chat.sendMessage({ text: "[[gemini: cut after=4 times=1 delay=20 chunks=12]] break" })
    const { messages } = await roomOf(client, room.id)
    expect(textIn(chat.lastMessage)).toBe(messages[1]?.content)
  })

  test("has the reason for a failed reply", async () => {
    const { chat } = await startChat()
    await chat.sendMessage({ text: "[[gemini: blocked]] Hello" })
    expect(chat.status).toBe("error")
    expect(chat.error?.message).toContain("blocked")
  })

  test("has the error of a rejected prompt", async () => {
    const { client, room, chat } = await startChat()
    await client.call("DELETE /chatroom/{id}", { params: { id: room.id } })
    await chat.sendMessage({ text: "Hello" })
    expect(chat.error).toMatchObject({ name: "ApiError", status: 404 })
  })

  test("has the thoughts as a part of their own before the text, also of a page that is loaded later", async () => {
    const { client, room, chat } = await startChat()
    await client.call("PATCH /chatroom/{id}", { params: { id: room.id }, body: { thinking: "high" } })
    await chat.sendMessage({ text: "[[gemini: cut after=5 times=1 delay=20 chunks=9]] think" })
    const { messages } = await roomOf(client, room.id)
    const expected = [
      { type: "reasoning", text: messages[1]?.thoughts },
      { type: "text", text: messages[1]?.content },
    ]
    const partsOf = (message: UIMessage | undefined) =>
      message?.parts.flatMap((part) =>
        part.type === "text" || part.type === "reasoning" ? { type: part.type, text: part.text } : [],
      )
    expect(messages[1]?.thoughts).not.toBe("")
    expect(partsOf(chat.lastMessage)).toEqual(expected)
    expect(chat.lastMessage?.parts.every((part) => !("state" in part) || part.state === "done")).toBe(true)
    expect(partsOf(toUIMessages(messages)[1])).toEqual(expected)
  })

  test("stopping stops the reply, and keeps what came", async () => {
    const { client, room, chat } = await startChat()
    const sending = chat.sendMessage({ text: "[[gemini: stall after=1]] never done" })
    // All that ever comes: what came later would be the service's alone.
    await expect.poll(() => chat.lastMessage?.role === "assistant" && textIn(chat.lastMessage)).toMatch(/./)
    await chat.stop()
    await sending
    const params = { id: room.id, messageId: chat.lastMessage?.id as string }
    await expect
      .poll(() => client.call("GET /chatroom/{id}/message/{messageId}", { params }))
      .toMatchObject({ status: "cancelled", content: textIn(chat.lastMessage) })
  })

  test("stopping stops the reply also before anything of it has come", async () => {
    const { client, room, chat } = await startChat()
    const sending = chat.sendMessage({ text: "[[gemini: stall after=0]] never begun" })
    const list = () => client.call("GET /chatroom/{id}/message", { params: { id: room.id } })
    await expect.poll(async () => (await list()).length).toBe(2)
    await chat.stop()
    await sending
    await expect.poll(async () => (await list())[1]?.status).toBe("cancelled")
  })

  test("a reloaded page shows the whole of a reply in progress", async () => {
    const { client, room } = await signedIn(app)
    await client.ask({ chatroomId: room.id, message: "[[gemini: chunks=10 delay=80]] long" })
    const { messages } = await roomOf(client, room.id)
    const chat = new Chat(client, room.id, toUIMessages(messages.slice(0, 1)))
    await chat.resumeStream()
    const final = (await roomOf(client, room.id)).messages
    expect(chat.messages).toHaveLength(2)
    expect(textIn(chat.lastMessage)).toBe(final[1]?.content)
  })

  test("where no reply is in progress there is nothing to resume", async () => {
    const { chat } = await startChat()
    await chat.resumeStream()
    expect(chat).toMatchObject({ status: "ready", messages: [] })
  })
})
