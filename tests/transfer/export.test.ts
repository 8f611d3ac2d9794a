import { once } from "node:events"
import { type IncomingMessage, request } from "node:http"
import { describe, expect, test } from "vitest"
import { ExportedChatroom } from "../../src/schemas/transfer.ts"
import { expectProblem } from "../helpers/answers.ts"
import { signIn } from "../helpers/app.ts"
import { ask, createRoom, finalReply } from "../helpers/chat.ts"
import { addRoom } from "../helpers/rooms.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"

const app = useTestApp()
const ann = useUser(app)
const open = (room: string, query = "") => ann.http.get(`/chatroom/${room}/export${query}`)

/** As text: a document of Markdown isn't JSON. */
async function download(room: string, query: string) {
  const headers = { Authorization: `Bearer ${ann.token}` }
  const response = await fetch(`${app.url}/chatroom/${room}/export${query}`, { headers })
  return { headers: response.headers, text: await response.text() }
}

describe("GET /chatroom/:id/export", () => {
  test("gives the whole tree as the API shows it, in order", async () => {
    const room = await createRoom(app, ann, { name: 'Plans "for" 2027', systemInstruction: "Be brief." })
    const first = await ask(app, ann, room, "Hello")
    const again = await ann.http.post(`/chatroom/${room.id}/message/${first.id}/regenerate`, {})
    await finalReply(app, ann, again.body)
    const path = `/chatroom/${room.id}/message/${again.body.id}/feedback`
    await ann.http.put(path, { rating: "up", reason: "short" })
    const answer = await open(room.id)
    expect(answer.headers.get("content-disposition")).toContain('filename="Plans _for_ 2027.json"')
    const exported = ExportedChatroom.parse(answer.body)
    const { model: _, ...shown } = (await ann.http.get(`/chatroom/${room.id}`)).body
    const { messages: __, ...fields } = shown
    expect(exported.chatroom).toEqual({ ...fields, model: null })
    const listed = (await ann.http.get(`/chatroom/${room.id}/message`)).body
    expect(exported.messages).toEqual(
      listed.map(({ chatroomId, siblings, estimatedWaitMs, ...message }: Record<string, unknown>) => message),
    )
    expect(exported.messages.map(({ role, parentId }) => [role, parentId])).toEqual([
      ["user", null],
      ["model", first.parentId],
      ["model", first.parentId],
    ])
    expect(exported.messages[2]?.feedback).toEqual({ rating: "up", reason: "short" })
  })

  test("of an empty room is whole, too", async () => {
    const room = await createRoom(app, ann)
    const { body } = await open(room.id)
    expect([body.chatroom.headId, body.messages]).toEqual([null, []])
    const { text } = await download(room.id, "?format=markdown")
    expect(text).toMatch(/^# New chat\n\nModel: /)
  })

  test("of many and of long messages has each once", async () => {
    for (const [messages, content] of [
      [1_203, "hello"],
      [500, "hello"],
      [25, "x".repeat(150_000)],
    ] as const) {
      const id = await addRoom(app, ann.user.id, messages, content)
      const expected = Array.from({ length: messages }, (_, n) => `${content} ${n}`)
      const { body } = await open(id)
      expect(body.messages.map(({ content }: { content: string }) => content)).toEqual(expected)
      const { text } = await download(id, "?format=markdown")
      expect(text.match(/^> .*$/gm)?.map((line) => line.slice(2))).toEqual(expected)
    }
  })

  test("as Markdown is the active branch, in quotations", async () => {
    const room = await createRoom(app, ann, { name: "# [x](y)\u202e" })
    const first = await ask(app, ann, room, "```\n**You**\n<script>")
    await ask(app, ann, room, "Another beginning", { parentId: null })
    const { headId } = (await ann.http.get(`/chatroom/${room.id}`)).body
    await ann.http.patch(`/chatroom/${room.id}`, { headId: first.id })
    const { headers, text } = await download(room.id, "?format=markdown")
    expect(headers.get("content-type")).toBe("text/markdown; charset=utf-8")
    expect(headers.get("content-disposition")).toMatch(/^attachment; .*\.md/)
    expect(text).toContain("> ```\n> **You**\n> <script>\n")
    expect(text).toContain("# \\# \\[x\\]\\(y\\)")
    expect(text).not.toContain("Another beginning")
    expect(headId).not.toBe(first.id)
  })

  test("of 24 MB comes whole", async () => {
    const id = await addRoom(app, ann.user.id, 4_000, "x".repeat(6_000))
    const options = { headers: { Authorization: `Bearer ${ann.token}` } }
    const req = request(`${app.url}/chatroom/${id}/export`, options).end()
    const [res] = (await once(req, "response")) as [IncomingMessage]
    let size = 0
    for await (const chunk of res) size += chunk.length
    expect(size).toBeGreaterThan(24_000_000)
  })

  test("refuses strangers, unknown rooms and other formats", async () => {
    const room = await createRoom(app, ann)
    const bob = await signIn(app)
    expectProblem(await bob.http.get(`/chatroom/${room.id}/export`), 404, "not_found")
    expectProblem(await app.http.get(`/chatroom/${room.id}/export`), 401, "unauthenticated")
    expectProblem(await open(room.id, "?format=pdf"), 400, "invalid_request")
    expectProblem(await open(room.id, "?other=1"), 400, "invalid_request")
  })
})
