import { describe, expect, test } from "vitest"
import { waitForPostgres } from "../../src/config/postgres-ready.ts"
import type { Pooler } from "../../src/config/postgres-session.ts"
import { migrate } from "../../src/models/migrate.ts"
import { SECOND } from "../../src/utils/time.ts"
import { collect, joinDeltas } from "../../tools/lib/http.ts"
import { openRedis } from "../../tools/lib/redis-server.ts"
import { newPayer } from "../billing/kit.ts"
import { type SignedIn, startTestApp, type TestApp } from "../helpers/app.ts"
import { createRoom, finalReply, send } from "../helpers/chat.ts"
import { isRedisLeftOut, openDatabase, testStack } from "./kit.ts"
import { hasPgBouncer, startPgBouncer } from "./pgbouncer-process.ts"
import { query } from "./programs.ts"

const waiting = { onWait: () => undefined, signal: new AbortController().signal }

describe.skipIf(!hasPgBouncer || isRedisLeftOut)(
  `behind PgBouncer${hasPgBouncer ? "" : ", which isn't on the PATH"}`,
  () => {
    const start = async (own: AsyncDisposableStack, databaseUrl: string, pooler: Pooler) => {
      const config = { database: { pooler } }
      const redisUrl = (await openRedis(own)).url
      // The schedule is made when the queue takes it, which a Redis that has just started may not.
      const timing = { billing: { scheduleMs: SECOND } }
      return own.use(await startTestApp({ databaseUrl, redisUrl, stripe: true, config, timing }))
    }

    test("in session mode everything works as without", async () => {
      const own = testStack()
      const { url } = await startPgBouncer(own, await openDatabase(own), "session")
      const app = await start(own, url, "session")
      await walkThrough(app, await newPayer(app))
    })

    test("in transaction mode the role has the settings, and a start without them says how", async () => {
      const own = testStack()
      const databaseUrl = await openDatabase(own)
      const bouncer = await startPgBouncer(own, databaseUrl, "transaction")
      const pooler = "transaction"
      const refusal = await waitForPostgres(bouncer.url, { ...waiting, pooler }).catch(
        (error: Error) => error,
      )
      const statements = String(refusal).match(/^ALTER ROLE .*$/gm) ?? []
      expect(statements.join("\n")).toMatch(/SET statement_timeout = '8000';/)
      await query(databaseUrl, statements.join("\n"))
      await bouncer.console("RECONNECT")
      await waitForPostgres(bouncer.url, { ...waiting, pooler })

      const app = await start(own, bouncer.url, pooler)
      await walkThrough(app, await newPayer(app))
      // Nothing of ours is left behind on a connection that others get.
      expect(await query(databaseUrl, ADVISORY)).toEqual([])
      expect(await app.query("SELECT name FROM pg_prepared_statements")).toEqual([])
      expect(await app.query("SELECT name, setting FROM pg_settings WHERE source = 'session'")).toEqual([])
    })

    test("in transaction mode processes that start together migrate once", async () => {
      const own = testStack()
      const databaseUrl = await openDatabase(own)
      await query(databaseUrl, "DROP SCHEMA public CASCADE; CREATE SCHEMA public")
      const { url } = await startPgBouncer(own, databaseUrl, "transaction")
      const applied = await Promise.all([1, 2, 3].map(() => migrate(url, "transaction")))
      const steps = await query(databaseUrl, "SELECT name FROM migrations ORDER BY name")
      expect(applied.flat().sort()).toEqual(steps.map(({ name }) => name))
    })
  },
)

const ADVISORY = `
  SELECT objid, mode FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
  WHERE locktype = 'advisory' AND datname = current_database()`

/** A room, a prompt, its streamed reply, a search, and a subscription that Stripe's events bring. */
async function walkThrough(app: TestApp, payer: SignedIn & { becomePro(): Promise<string> }): Promise<void> {
  await payer.becomePro()
  const room = await createRoom(app, payer, { name: "Behind a pooler" })
  // More at once than there are connections.
  const others = await Promise.all(
    Array.from({ length: 12 }, async () => send(app, payer, await createRoom(app, payer), "Hello")),
  )
  const { body } = await send(app, payer, room, "[[gemini: chunks=6 delay=20]] about porcupines")
  const path = `/chatroom/${room.id}/message/${body.reply.id}/stream`
  const events = await collect(app.http.events(path, { token: payer.token }))
  const reply = await finalReply(app, payer, body.reply)
  expect(reply).toMatchObject({ status: "completed", completedAt: expect.stringMatching(/^20\d\d-.*Z$/) })
  expect(joinDeltas(events)).toBe(reply.content)
  for (const other of others)
    expect((await finalReply(app, payer, other.body.reply)).status).toBe("completed")
  await expect.poll(async () => (await payer.http.get("/search?q=porcupines")).body[0]?.room.id).toBe(room.id)
  expect((await payer.http.get("/chatroom")).body).toHaveLength(13)
  expect((await payer.http.get("/user/me/export")).status).toBe(200)
  expect(app.logs()).not.toMatch(/"level":"(?:error|fatal)"/)
}
