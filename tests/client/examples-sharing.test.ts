import { expect, expectTypeOf, test } from "vitest"
import { share } from "../../packages/client/examples/sharing.ts"
import type { SharedMessage } from "../../packages/client/src/index.ts"
import { newMobileNumber, signIn } from "../helpers/app.ts"
import { addRoom } from "../helpers/rooms.ts"
import { useTestApp } from "../helpers/use-app.ts"
import { newClient, signedIn } from "./kit.ts"

const app = useTestApp()

test("the example shares, reads, continues and withdraws", async () => {
  let printed = ""
  const [number, reader] = [newMobileNumber(), newMobileNumber()]
  const { link, copyId } = await share({ url: app.url, number, reader, message: "Hello" }, (text) => {
    printed += text
  })
  expect(printed).toContain(link)
  expect(printed).toContain("user: Hello\nmodel: ")
  const rows = await app.query("SELECT role FROM messages WHERE chatroom_id = $1 ORDER BY position", copyId)
  expect(rows).toEqual([{ role: "user" }, { role: "model" }])
  await expect(newClient(app).openShared(link)).rejects.toMatchObject({ status: 404, code: "not_found" })
})

test("a shared conversation is read to its end, signed in or not, by link or token", async () => {
  const owner = await signIn(app)
  const room = await addRoom(app, owner.user.id, 250)
  const { body } = await owner.http.post(`/chatroom/${room}/share`)
  const { client } = await signedIn(app)
  for (const [reader, link] of [
    [client, body.url],
    [newClient(app), body.url.split("/").at(-1)],
    [newClient(app), `${body.url}?limit=3#here`],
  ] as const) {
    const { title, messageCount, messages } = await reader.openShared(link)
    expect({ title, messageCount }).toEqual({ title: "Room", messageCount: 250 })
    const read: SharedMessage[] = []
    for await (const message of messages) {
      expectTypeOf(message).toEqualTypeOf<SharedMessage>()
      read.push(message)
    }
    expect(read.map(({ content }) => content)).toEqual(Array.from({ length: 250 }, (_, n) => `hello ${n}`))
  }
})

test("a copy is made once, also where the first reply is lost", async () => {
  const owner = await signIn(app)
  const room = await addRoom(app, owner.user.id, 2)
  const { body } = await owner.http.post(`/chatroom/${room}/share`)
  let lost = 0
  const losing: typeof fetch = async (input, init) => {
    const response = await fetch(input, init)
    if (!String(input).endsWith("/continue") || lost++ > 0) return response
    await response.arrayBuffer()
    throw new TypeError("fetch failed")
  }
  const { client } = await signedIn(app, { fetch: losing })
  const copy = await client.continueShared(body.url)
  const names: string[] = []
  for await (const { id, name } of client.list("GET /chatroom")) if (name === "Room") names.push(id)
  expect({ lost, names }).toEqual({ lost: 2, names: [copy.id] })
})
