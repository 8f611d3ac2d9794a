import { expect, test, vi } from "vitest"
import { joinDeltas, type ServerEvent } from "../../tools/lib/http.ts"
import { times } from "../helpers/answers.ts"
import type { SignedIn } from "../helpers/app.ts"
import { cancel, createRoom, finalReply, send } from "../helpers/chat.ts"
import { followRoom } from "../helpers/follow-room.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"

const ROW_CHECK_MS = 100
const LISTENERS = 100
const CHUNKS = 20

const app = useTestApp({
  config: { http: { streamsPerUser: 500 } },
  timing: { replies: { rowCheckMs: ROW_CHECK_MS } },
})
const ann = useUser(app, { pro: true })

test("a reply's row and log are read once for all who listen, each of whom gets all of it", async () => {
  const { reply } = (
    await send(app, ann, await createRoom(app, ann), `[[gemini: chunks=${CHUNKS} stall after=2]] to many`)
  ).body
  const path = `/chatroom/${reply.chatroomId}/message/${reply.id}/stream`
  const logReads = vi.spyOn(app.ctx.replyLog, "read")
  const rowReads = vi.spyOn(app.ctx.db, "execute")
  const listeners = await times(LISTENERS, () => listen(ann, path))
  // Each request looks its reply up, and one that comes alone reads the row once more.
  expect(rowReads.mock.calls.filter(([name]) => name === "get-message").length).toBeLessThan(
    2 * LISTENERS + CHUNKS,
  )
  app.gemini.release()
  const all = await Promise.all(listeners.map(({ ended }) => ended))
  const { content } = await finalReply(app, ann, reply)
  for (const events of all) expect(joinDeltas(events)).toBe(content)
  // At most once for each chunk and for each change of the row, however many listen.
  expect(logReads.mock.calls.length).toBeLessThan(2 * CHUNKS)
  vi.restoreAllMocks()
})

/** Follows a reply. @returns as soon as it has some text; `ended` has all events */
async function listen({ http }: SignedIn, path: string): Promise<{ ended: Promise<ServerEvent[]> }> {
  const begun = Promise.withResolvers<void>()
  const ended = (async () => {
    const events: ServerEvent[] = []
    for await (const event of http.events(path)) {
      events.push(event)
      if (event.event === "delta") begun.resolve()
    }
    return events
  })()
  await Promise.race([begun.promise, ended])
  return { ended }
}

test("streams of rooms in which nothing happens ask for nothing by themselves", async () => {
  const rooms = await times(50, () => createRoom(app, ann))
  const listeners = rooms.map((room) => followRoom(app, ann, room))
  for (const listener of listeners) await listener.until(() => expect(listener.events).toHaveLength(1))
  const execute = vi.spyOn(app.ctx.db, "execute")
  const count = (...names: string[]) =>
    execute.mock.calls.filter(([name]) => names.includes(String(name))).length
  const looks = () => count("watch-room")
  // After the first look each reads its row once more; from then on there are looks alone.
  await expect
    .poll(async () => {
      execute.mockClear()
      await expect.poll(looks).toBeGreaterThan(3)
      return count(...ROOM_STATEMENTS)
    })
    .toBe(0)

  // What no notification tells of is found, and wakes its own listener alone.
  await app.query("UPDATE chatrooms SET name = 'quietly renamed' WHERE id = $1", rooms[0]?.id)
  const [first, ...rest] = listeners
  await first?.until(() => expect(first.named("chatroom").at(-1)?.data.name).toBe("quietly renamed"))
  await app.query("DELETE FROM chatrooms WHERE id = $1", rooms[1]?.id)
  await rest[0]?.ended
  expect(rest[0]?.events.at(-1)?.event).toBe("deleted")
  expect(execute.mock.calls.filter(([name]) => name === "read-room").length).toBeLessThan(6)
  execute.mockRestore()
  for (const listener of listeners) await listener.stop()
})

const ROOM_STATEMENTS = new Set([
  "read-room",
  "new-messages",
  "next-reply",
  "get-message",
  "cancelled-replies",
])

test("text and end of which no notification tells come from the row", async () => {
  const room = await createRoom(app, ann)
  const { reply } = (await send(app, ann, room, "[[gemini: stall after=1]] silence")).body
  const listener = followRoom(app, ann, room)
  await listener.until(() => expect(listener.named("delta").length).toBeGreaterThan(0))
  const row = async () =>
    (await app.query("SELECT attempt, content <> '' AS stored FROM messages WHERE id = $1", reply.id))[0]
  await expect.poll(row).toEqual({ attempt: 1, stored: true })
  await app.query(
    "UPDATE messages SET status = 'completed', completed_at = now(), lease_until = NULL, content = content || ' and the rest' WHERE id = $1",
    reply.id,
  )
  await listener.until(() => expect(listener.named("done")).toHaveLength(1))
  expect(listener.named("done")[0]?.data.content).toMatch(/ and the rest$/)
  expect(listener.texts()[reply.id]).toBe(listener.named("done")[0]?.data.content)
  expect(listener.named("reset")).toEqual([])
  await listener.stop()
  await cancel(ann, reply)
})
