import { expect, expectTypeOf, test } from "vitest"
import { versions } from "../../packages/client/examples/versions.ts"
import type { Chatroom, Message } from "../../packages/client/src/index.ts"
import { newMobileNumber } from "../helpers/app.ts"
import { useTestApp } from "../helpers/use-app.ts"
import { signedIn } from "./kit.ts"

const app = useTestApp({ config: { plans: { basicDailyPrompts: 100 } } })

test("the example asks again, interrupts, continues, copies and deletes", async () => {
  let printed = ""
  const message = "[[gemini: drip delay=20]] Hello"
  const { roomId, forkId } = await versions({ url: app.url, number: newMobileNumber(), message }, (text) => {
    printed += text
  })
  expect(printed).toContain("version 2 of 2: **Simulated reply**")
  expect(printed).toContain("continued: **Simulated reply**")
  const rows = "SELECT role FROM messages WHERE chatroom_id = $1 ORDER BY position"
  expect(await app.query(rows, forkId)).toEqual([{ role: "user" }, { role: "model" }])
  expect(await app.query(rows, roomId)).toEqual([])
}, 60_000)

test("another reply and a copy are made once, also where the first response is lost", async () => {
  let lost = 0
  const losing: typeof fetch = async (input, init) => {
    const response = await fetch(input, init)
    if (!/\/(?:regenerate|fork)$/.test(String(input)) || lost++ % 2 > 0) return response
    await response.arrayBuffer()
    throw new TypeError("fetch failed")
  }
  const { client, room } = await signedIn(app, { fetch: losing })
  const chatroomId = room.id
  const { prompt, events } = await client.ask({ chatroomId, message: "Hello" })
  for await (const _ of events);
  const { reply, events: others } = await client.regenerate({
    chatroomId,
    messageId: prompt.id,
    thinking: "low",
  })
  expectTypeOf(reply).toEqualTypeOf<Message>()
  for await (const _ of others);
  const copy = await client.fork({ chatroomId, messageId: reply.id })
  expectTypeOf(copy).toEqualTypeOf<Chatroom>()
  expect(lost).toBe(4)
  const rooms: string[] = []
  for await (const { id } of client.list("GET /chatroom")) rooms.push(id)
  expect(rooms.toSorted()).toEqual([chatroomId, copy.id].toSorted())
  const messages: Message[] = []
  for await (const one of client.list("GET /chatroom/{id}/message", { params: { id: chatroomId } }))
    messages.push(one)
  expect(messages.map(({ role }) => role)).toEqual(["user", "model", "model"])
  const change = client.editPrompt({ chatroomId, messageId: prompt.id, message: "Hi" })
  await expect(change).rejects.toMatchObject({ status: 409, code: "already_started" })
})
