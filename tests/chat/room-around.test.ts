import { describe, expect, test } from "vitest"
import { newId } from "../../src/utils/ids.ts"
import { expectProblem } from "../helpers/answers.ts"
import { signIn } from "../helpers/app.ts"
import { ask } from "../helpers/chat.ts"
import { addRoom } from "../helpers/rooms.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"

const app = useTestApp()
const ann = useUser(app, { pro: true })

const around = (room: string, messageId: string, limit: number) =>
  ann.http.get(`/chatroom/${room}?messageId=${messageId}&limit=${limit}`)
const contents = (body: { messages: { content: string }[] }) => body.messages.map(({ content }) => content)
const numbered = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => `hello ${from + index}`)

/** A room of 40 messages, and their ids in order. */
async function longRoom() {
  const room = await addRoom(app, ann.user.id, 40)
  const rows = await app.query("SELECT id FROM messages WHERE chatroom_id = $1 ORDER BY position", room)
  return { room, ids: rows.map(({ id }) => id as string) }
}

describe("a page of a room around a message", () => {
  test("has it in the middle, and leads to older ones", async () => {
    const { room, ids } = await longRoom()
    const { body, headers } = await around(room, ids[20] as string, 10)
    expect(contents(body)).toEqual(numbered(16, 25))
    const link = /<([^>]+)>; rel="next"/.exec(headers.get("link") as string)?.[1] as string
    expect(link).not.toContain("messageId")
    expect(contents((await ann.http.get(link)).body)).toEqual(numbered(6, 15))
  })

  test("ends at either end of the branch", async () => {
    const { room, ids } = await longRoom()
    const last = await around(room, ids[39] as string, 10)
    expect(contents(last.body)).toEqual(numbered(30, 39))
    const first = await around(room, ids[0] as string, 10)
    expect(contents(first.body)).toEqual(numbered(0, 5))
    expect(first.headers.get("link")).toBeNull()
  })

  test("is of the active branch, or else of the newest one through it", async () => {
    const { room, ids } = await longRoom()
    const reply = await ask(app, ann, { id: room }, "another way", { parentId: ids[9] as string })
    const elsewhere = (await around(room, ids[20] as string, 10)).body
    expect(contents(elsewhere)).toEqual(numbered(16, 25))
    expect(elsewhere).toMatchObject({ onActiveBranch: false, headId: reply.id })
    const shared = (await around(room, ids[9] as string, 10)).body
    expect(shared.messages.at(-1).id).toBe(reply.id)
    expect(shared.onActiveBranch).toBe(true)
    await ann.http.patch(`/chatroom/${room}`, { headId: ids[20] })
    const now = (await around(room, ids[20] as string, 10)).body
    expect(contents(now)).toEqual(numbered(16, 25))
    expect(now).toMatchObject({ onActiveBranch: true, headId: ids[39] })
    expect((await ann.http.get(`/chatroom/${room}`)).body).not.toHaveProperty("onActiveBranch")
  })

  test("has the message where those after it are too long for a page", async () => {
    const { room, ids } = await longRoom()
    const long = "x".repeat(300_000)
    await app.query("UPDATE messages SET content = $2 WHERE id = ANY($1)", ids.slice(21, 26), long)
    const { body } = await around(room, ids[20] as string, 10)
    expect(body.messages.at(-1).id).toBe(ids[20])
    await ask(app, ann, { id: room }, "another way", { parentId: ids[9] as string })
    const elsewhere = (await around(room, ids[20] as string, 10)).body
    expect(elsewhere.messages.at(-1).id).toBe(ids[20])
    expect(elsewhere.onActiveBranch).toBe(false)
  })

  test("is nobody else's, and of no unknown message", async () => {
    const { room, ids } = await longRoom()
    const other = await longRoom()
    const bob = await signIn(app)
    expectProblem(await bob.http.get(`/chatroom/${room}?messageId=${ids[0]}`), 404, "not_found")
    expectProblem(await around(room, other.ids[0] as string, 10), 404, "not_found")
    expectProblem(await around(room, newId(), 10), 404, "not_found")
    expectProblem(await around(room, "x", 10), 400, "invalid_request")
  })
})
