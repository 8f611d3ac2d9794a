import pg from "pg"
import { expect, test, vi } from "vitest"
import { createDatabase, inOneTrip } from "../../src/config/database.ts"
import { createLogger } from "../../src/config/logger.ts"
import { TIMING } from "../../src/config/timing.ts"
import { startProxy } from "../../tools/lib/store-proxy.ts"
import { countPostgres } from "../../tools/lib/wire-counts.ts"
import { PATIENCE_MS } from "../helpers/answers.ts"
import { signIn, startTestApp } from "../helpers/app.ts"
import { ask, createRoom } from "../helpers/chat.ts"
import { createTestDatabase } from "../helpers/database.ts"
import { testStack } from "../helpers/stack.ts"

async function openCounted(stack: AsyncDisposableStack) {
  const database = await createTestDatabase()
  stack.defer(() => database.drop())
  const counts = countPostgres()
  const proxy = await startProxy(database.url, counts.openTap)
  stack.defer(() => proxy.close())
  return { url: proxy.url, counts }
}

test("a prompt takes one trip to PostgreSQL, and its reply two", async () => {
  const stack = testStack()
  const { url, counts } = await openCounted(stack)
  const app = await startTestApp({ databaseUrl: url })
  stack.defer(() => app.close())
  const user = await signIn(app)
  const room = await createRoom(app, user)
  await ask(app, user, room, "the first one, with which everything is prepared")
  counts.trips.clear()
  await ask(app, user, room, "the second one")

  // The rest is what loops look for, what the queue says itself and what the test asks.
  expect([...counts.trips].filter(([trip]) => OF_A_PROMPT.test(trip))).toEqual([
    ["send-messages", 1],
    ["claim-reply read-branch-of-reply", 1],
    ["BEGIN lock-room finish-and-advance COMMIT", 1],
  ])
})

const OF_A_PROMPT =
  /\b(?:send-message|claim-reply|claim-wait|read-branch-of|lock-room|finish|advance-room|give-back)/

test("statements of one trip are one transaction, and a failed one leaves a usable connection", async () => {
  const stack = testStack()
  const { url, counts } = await openCounted(stack)
  const db = createDatabase({ url, poolSize: 1 }, TIMING.postgres, createLogger("silent"))
  stack.defer(() => db.close())
  await db.pool.query("CREATE TABLE noted (n int PRIMARY KEY)")
  const note = (n: number) => ({
    name: "note",
    text: "INSERT INTO noted VALUES ($1) RETURNING n",
    values: [n],
  })
  const trips = () => [...counts.trips.values()].reduce((sum, count) => sum + count, 0)

  const before = trips()
  const results = await inOneTrip(db.pool, [note(1), note(2)], { isAtomic: true })
  expect(results.map(({ rows }) => rows)).toEqual([[{ n: 1 }], [{ n: 2 }]])
  expect(trips() - before).toBe(1)

  const refused = inOneTrip(db.pool, [note(3), note(1), note(4)], { isAtomic: true })
  await expect(refused).rejects.toMatchObject({ code: "23505" })
  const apart = inOneTrip(db.pool, [note(5), note(1), note(6)], { isAtomic: false })
  await expect(apart).rejects.toBeInstanceOf(pg.DatabaseError)
  const { rows } = await db.pool.query("SELECT n FROM noted ORDER BY n")
  expect(rows.map(({ n }) => n)).toEqual([1, 2, 5, 6])
  expect(db.pool.totalCount).toBe(1)
})

test("a connection that breaks during a trip is thrown away", async () => {
  const stack = testStack()
  const database = await createTestDatabase()
  stack.defer(() => database.drop())
  const proxy = await startProxy(database.url)
  stack.defer(() => proxy.close())
  const db = createDatabase({ url: proxy.url, poolSize: 1 }, TIMING.postgres, createLogger("silent"))
  stack.defer(() => db.close())
  await db.pool.query("SELECT 1")

  proxy.hold()
  const lost = inOneTrip(db.pool, [{ text: "SELECT 1" }, { text: "SELECT 2" }], { isAtomic: true })
  const outcome = expect(lost).rejects.toMatchObject({ code: "08006" })
  await vi.waitFor(() => expect(db.pool.idleCount).toBe(0), PATIENCE_MS)
  proxy.cut()
  await outcome
  proxy.mend()
  proxy.release()
  await expect.poll(() => db.pool.query("SELECT 1").then(({ rowCount }) => rowCount)).toBe(1)
})
