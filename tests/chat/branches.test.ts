import { describe, expect, test } from "vitest"
import { expectProblem } from "../helpers/answers.ts"
import { ask, createRoom, finalReply, send } from "../helpers/chat.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"

const app = useTestApp()
const ann = useUser(app, { pro: true })

type Room = { id: string }

const shown = async (room: Room): Promise<string[]> =>
  (await ann.http.get(`/chatroom/${room.id}`)).body.messages.map(({ id }: { id: string }) => id)

const switchTo = ({ id }: Room, headId: string) => ann.http.patch(`/chatroom/${id}`, { headId })

describe("switching branches", () => {
  test("by any message shows its newest descendant reply", async () => {
    const room = await createRoom(app, ann)
    const first = await ask(app, ann, room, "one")
    const second = await ask(app, ann, room, "two")
    const other = await ask(app, ann, room, "another two", { parentId: first.id })
    const again = await ann.http.post(`/chatroom/${room.id}/message/${second.id}/regenerate`)
    await finalReply(app, ann, again.body)
    for (const [named, head] of [
      [other.parentId, other.id],
      [other.id, other.id],
      [second.parentId, again.body.id],
      [second.id, second.id],
      [first.id, again.body.id],
      [first.parentId, again.body.id],
    ]) {
      const { status, body } = await switchTo(room, named)
      expect([status, body.headId]).toEqual([200, head])
    }
    expect(await shown(room)).toEqual([first.parentId, first.id, second.parentId, again.body.id])
  })

  test("shows a reply that is still to be made, and what is posted next follows it", async () => {
    const room = await createRoom(app, ann)
    const first = await ask(app, ann, room, "one")
    const { body } = await send(app, ann, room, "[[gemini: chunks=3 delay=50]] two", { parentId: null })
    await switchTo(room, first.id)
    expect((await switchTo(room, body.id)).body.headId).toBe(body.reply.id)
    const next = await ask(app, ann, room, "three")
    expect(await shown(room)).toEqual([body.id, body.reply.id, next.parentId, next.id])
  })

  test("to a message of another room is 400, and changes nothing else", async () => {
    const [room, other] = [await createRoom(app, ann), await createRoom(app, ann)]
    const first = await ask(app, ann, other, "elsewhere")
    const answer = await ann.http.patch(`/chatroom/${room.id}`, { name: "New", headId: first.id })
    expectProblem(answer, 400, "invalid_request")
    expect(answer.body.errors[0]).toMatchObject({ path: "body.headId" })
    expect((await ann.http.get(`/chatroom/${room.id}`)).body).toMatchObject({
      name: "New chat",
      headId: null,
    })
  })
})

test("a prompt is edited by posting with the parent of the old one, which stays with its replies", async () => {
  const room = await createRoom(app, ann)
  const first = await ask(app, ann, room, "one")
  const old = await ask(app, ann, room, "two, badly put")
  const { parentId } = (await ann.http.get(`/chatroom/${room.id}/message/${old.parentId}`)).body
  expect(parentId).toBe(first.id)
  const { body } = await send(app, ann, room, "two, well put", { parentId })
  expect(body.siblings).toEqual({ position: 2, count: 2, previousId: old.parentId, nextId: null })
  await finalReply(app, ann, body.reply)
  expect(await shown(room)).toEqual([first.parentId, first.id, body.id, body.reply.id])
  await switchTo(room, body.siblings.previousId)
  expect(await shown(room)).toEqual([first.parentId, first.id, old.parentId, old.id])
})
