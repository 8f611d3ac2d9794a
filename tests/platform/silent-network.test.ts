import { expect, test } from "vitest"
import { SECOND } from "../../src/utils/time.ts"
import { startProxy } from "../abuse/kit/proxy.ts"
import { times } from "../helpers/answers.ts"
import { signIn, startTestApp } from "../helpers/app.ts"
import { createRoom, finalReply, makePro, send } from "../helpers/chat.ts"
import { createTestDatabase } from "../helpers/database.ts"
import { testStack } from "../helpers/stack.ts"

const REQUESTS = 14

test("connections that the network drops silently are thrown away: 503 at most, then all goes on", async () => {
  const stack = testStack()
  const database = await createTestDatabase()
  stack.defer(() => database.drop())
  const proxy = await startProxy(database.url)
  stack.defer(() => proxy.close())
  const app = await startTestApp({
    databaseUrl: proxy.url,
    // A statement that isn't answered a second later has lost its connection.
    timing: { postgres: { statementTimeoutMs: 1 * SECOND } },
  })
  stack.defer(() => app.close())
  const user = await signIn(app)
  await makePro(app, user)
  const rooms = await times(REQUESTS, () => createRoom(app, user))
  // Through the pool of the prepared statements and through that of the models.
  const ask = () =>
    Promise.all(
      rooms.flatMap((room) => [
        user.http.get(`/chatroom/${room.id}`),
        user.http.patch(`/chatroom/${room.id}`, { name: "Renamed" }),
        user.http.get("/auth/sessions"),
      ]),
    )
  const statuses = async () => [...new Set((await ask()).map(({ status }) => status))].sort()
  expect(await statuses()).toEqual([200])

  proxy.strand()
  const during = await statuses()
  expect(during).toContain(503)
  expect(during.filter((status) => status !== 200 && status !== 503)).toEqual([])
  await expect.poll(statuses, { timeout: 10 * SECOND }).toEqual([200])

  // The worker's connections are replaced, too, the listening one included.
  const { status, body } = await send(app, user, rooms[0] as { id: string }, "Still there?")
  expect(status).toBe(202)
  expect(await finalReply(app, user, body.reply)).toMatchObject({ status: "completed" })
}, 60_000)
