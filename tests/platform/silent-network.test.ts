import { expect, test, vi } from "vitest"
import { SECOND } from "../../src/utils/time.ts"
import { startProxy } from "../abuse/kit/proxy.ts"
import { times } from "../helpers/answers.ts"
import { signIn, startTestApp } from "../helpers/app.ts"
import { createRoom, send } from "../helpers/chat.ts"
import { createTestDatabase } from "../helpers/database.ts"
import { testStack } from "../helpers/stack.ts"

const REQUESTS = 14

/** An app whose connections to PostgreSQL go through a proxy, and what asks it by statements and by models. */
async function openApp(stack: AsyncDisposableStack) {
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
  const room = await createRoom(app, user)
  const ask = () =>
    times(REQUESTS, async (n) => {
      const path = ["/user/me", "/auth/sessions", `/chatroom/${room.id}`][n % 3]
      const answer =
        n % 4 === 3
          ? user.http.patch(`/chatroom/${room.id}`, { name: `Name ${n}` })
          : user.http.get(`${path}`)
      return (await answer).status
    })
  return { proxy, app, user, room, statuses: async () => [...new Set(await ask())].sort() }
}

test("connections that the network drops silently are thrown away: 503 at most, then all goes on", async () => {
  const { proxy, app, user, room, statuses } = await openApp(testStack())
  expect(await statuses()).toEqual([200])

  proxy.strand()
  const during = await statuses()
  expect(during).toContain(503)
  expect(during.filter((status) => status !== 200 && status !== 503)).toEqual([])
  await expect.poll(statuses, { timeout: 10 * SECOND }).toEqual([200])

  // The worker's connections are replaced, too, the listening one included.
  const { body } = await vi.waitUntil(async () => {
    const sent = await send(app, user, room, "Still there?")
    return sent.status === 202 && sent
  }, 10 * SECOND)
  const path = `/chatroom/${room.id}/message/${body.reply.id}`
  await expect
    .poll(async () => (await user.http.get(path)).body.status, { timeout: 20 * SECOND })
    .toBe("completed")
})

test("a PostgreSQL that goes away again and again, with requests under way, is 503 and nothing else", async () => {
  const { proxy, app, statuses } = await openApp(testStack())
  const seen = new Set<number>()
  for (let round = 0; round < 3; round++) {
    const asked = [statuses(), statuses(), statuses()]
    // While the first of them are being answered.
    await Promise.race(asked.map((each) => each.then(() => undefined))).then(() => proxy.cut())
    asked.push(statuses())
    for (const found of await Promise.all(asked)) for (const status of found) seen.add(status)
    proxy.mend()
    await expect.poll(statuses, { timeout: 10 * SECOND }).toEqual([200])
  }
  const lines = app.logs().split("\n")
  const failed = lines.flatMap((line) => (/"status":500/.test(line) ? JSON.parse(line).requestId : []))
  const surprising = lines.filter((line) => failed.some((id) => line.includes(id)))
  expect([...seen].sort(), surprising.join("\n")).toEqual([200, 503])
  expect(app.logs()).not.toContain('"level":"fatal"')
})
