import { expect, test } from "vitest"
import { useTestApp } from "../helpers/use-app.ts"
import { signedIn } from "./kit.ts"

const app = useTestApp({
  config: { http: { streamsPerUser: 1 } },
  timing: { sse: { displacedRetryMs: 100 } },
})

test("a stream that gives way to a newer one ends with the word for it, where that is wanted", async () => {
  const { client, room } = await signedIn(app)
  const names: string[] = []
  const leaving = new AbortController()
  const newer = client.followRooms({ signal: leaving.signal })
  for await (const { event } of client.followRoom(room.id, { endWhenEvicted: true })) {
    names.push(event)
    if (event === "chatroom") await newer.next()
  }
  expect(names).toEqual(["chatroom", "evicted"])
  leaving.abort()
})

test("otherwise it comes back, and goes on after what it has told", async () => {
  const { client, room } = await signedIn(app)
  const names: string[] = []
  for await (const { event, data } of client.followRoom(room.id)) {
    names.push(event)
    if (event === "chatroom" && data.name === "Meanwhile") break
    const newer = new AbortController()
    await client.followRooms({ signal: newer.signal }).next()
    await client.call("PATCH /chatroom/{id}", { params: { id: room.id }, body: { name: "Meanwhile" } })
    newer.abort()
  }
  expect(names).toEqual(["chatroom", "chatroom"])
})
