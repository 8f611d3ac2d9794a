import { describe, expect, test } from "vitest"
import { inTransaction } from "../../src/config/database.ts"
import { cleanUp } from "../../src/services/maintenance/clean-up.ts"
import {
  type ClaimedImport,
  claimImport,
  ImportLost,
  passConversation,
} from "../../src/services/transfer/claim-import.ts"
import { createImports } from "../../src/services/transfer/run-imports.ts"
import { expectProblem } from "../helpers/answers.ts"
import { signIn, startTestApp } from "../helpers/app.ts"
import { setAppNow } from "../helpers/clock.ts"
import { useTestApp } from "../helpers/use-app.ts"
import { importFile, stored, untilEnded, upload } from "./kit.ts"

// An API process; workers come and go.
const app = useTestApp({ worker: false })
const timing = { imports: { pollMs: 20 } }

const rooms = (count: number) =>
  Array.from({ length: count }, (_, n) => ({
    format: "chatroom",
    version: 1,
    chatroom: { name: `room ${n}` },
    messages: [{ id: "01a20380-35df-77b7-a96a-565deb07f9f4", role: "user", content: `in ${n}` }],
  }))

/** The names of the user's rooms, in order. */
async function names(userId: string) {
  const found = await app.query("SELECT name FROM chatrooms WHERE user_id = $1 ORDER BY id", userId)
  return found.map(({ name }) => name)
}

const expected = (count: number) => Array.from({ length: count }, (_, n) => `room ${n}`)

/** Holds every import of the database up before its conversation `n`, until `open` is called. */
async function closeGate(n: number) {
  const client = await app.pool.connect()
  await client.query("SELECT pg_advisory_lock($1)", [n])
  await client.query(`
    CREATE OR REPLACE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN PERFORM pg_advisory_xact_lock_shared(NEW.n); RETURN NEW; END $$;
    CREATE OR REPLACE TRIGGER gate BEFORE INSERT ON import_results FOR EACH ROW EXECUTE FUNCTION wait_at_gate()`)
  return {
    async open() {
      await client.query("SELECT pg_advisory_unlock($1)", [n])
      client.release()
    },
  }
}

describe("a worker", () => {
  test("that stops hands its import to another, which makes each room once", async () => {
    const user = await signIn(app)
    const { headers } = await upload(user, rooms(12))
    const path = headers.get("location") as string
    for (const n of [3, 6, 9]) {
      const gate = await closeGate(n)
      const worker = createImports(app.ctx)
      await worker.begin()
      await expect.poll(async () => (await user.http.get(path)).body.done).toBe(n)
      const closed = worker.close()
      await gate.open()
      await closed
      // It ends what it is at, and no more.
      expect((await user.http.get(path)).body.done).toBe(n + 1)
    }
    await using _ = await startTestApp({ beside: app, timing })
    const { status, done, total, chatrooms } = await untilEnded(user, path)
    expect([status, done, total, chatrooms.length]).toEqual(["completed", 12, 12, 12])
    expect(await names(user.user.id)).toEqual(expected(12))
  })

  test("that dies leaves its import to another, and writes nothing when it comes back", async () => {
    const user = await signIn(app)
    const { body } = await upload(user, rooms(20))
    const stale = (await claimImport({ ...app.ctx, timing: withLease(50) })) as ClaimedImport
    expect(stale).toMatchObject({ id: body.id, attempt: 1, done: 0 })
    await using _ = await startTestApp({ beside: app, timing })
    await untilEnded(user, `/import/${body.id}`)
    const late = inTransaction(app.pool, (client) => passConversation(app.ctx, client, stale, 20))
    await expect(late).rejects.toThrow(ImportLost)
    expect(await names(user.user.id)).toEqual(expected(20))
  })

  test("isn't killed by one conversation for ever", async () => {
    const user = await signIn(app)
    const { body } = await upload(user, rooms(3))
    // As after workers that died over the second conversation.
    await app.query(
      "UPDATE imports SET status = 'running', total = 3, done = 1, stalls = 3, attempt = 4 WHERE id = $1",
      body.id,
    )
    await using _ = await startTestApp({ beside: app, timing })
    const { status, problems } = await untilEnded(user, `/import/${body.id}`)
    expect([
      status,
      problems.map(({ code, where }: { code: string; where: string }) => [code, where]),
    ]).toEqual(["completed", [["abandoned", "[1]"]]])
    expect(await names(user.user.id)).toEqual(["room 2"])
  })

  test("isn't killed by a file for ever", async () => {
    const user = await signIn(app)
    const { body } = await upload(user, rooms(3))
    await app.query("UPDATE imports SET status = 'running', stalls = 3, attempt = 3 WHERE id = $1", body.id)
    await using _ = await startTestApp({ beside: app, timing })
    const { status, problems } = await untilEnded(user, `/import/${body.id}`)
    expect([status, problems[0].code]).toEqual(["failed", "abandoned"])
  })
})

const withLease = (leaseMs: number) => ({
  ...app.ctx.timing,
  imports: { ...app.ctx.timing.imports, leaseMs },
})

describe("what is kept of imports", () => {
  test("goes after a day, and what is left of an upload of a process that died after its lease", async () => {
    const user = await signIn(app)
    await using worker = await startTestApp({ beside: app, timing })
    const { id } = await importFile(user, rooms(2))
    await cleanUp(worker.ctx)
    expect(await stored(app, user)).toMatchObject({ imports: 1, rooms: 2 })
    await setAppNow(app.pool, "25 hours")
    await cleanUp(worker.ctx)
    await setAppNow(app.pool, "0 s")
    expectProblem(await user.http.get(`/import/${id}`), 404, "not_found")
    expect(await stored(app, user)).toMatchObject({ imports: 0, rooms: 2 })
    await app.query(
      "INSERT INTO imports (user_id, id, lease_until) VALUES ($1, gen_random_uuid(), now() - interval '1 s')",
      user.user.id,
    )
    // It isn't in the way of the next one, either.
    expect((await importFile(user, rooms(1))).status).toBe("completed")
    expect(await stored(app, user)).toMatchObject({ imports: 1, rooms: 3 })
  })

  test("is in the user's export, and goes with the user", async () => {
    const user = await signIn(app)
    await using _ = await startTestApp({ beside: app, timing })
    const { id } = await importFile(user, rooms(2))
    const { body } = await user.http.get("/user/me/export")
    expect(body.imports).toEqual([expect.objectContaining({ id, status: "completed", done: 2, total: 2 })])
    expect((await user.http.delete("/user/me")).status).toBe(202)
    await expect.poll(() => stored(app, user)).toEqual({ imports: 0, chunks: 0, rooms: 0, messages: 0 })
  })

  test("isn't imported any more once its user is deleted", async () => {
    const user = await signIn(app)
    await upload(user, rooms(5))
    await user.http.delete("/user/me")
    await expect.poll(() => stored(app, user)).toEqual({ imports: 0, chunks: 0, rooms: 0, messages: 0 })
    expect(await claimImport(app.ctx)).toBeNull()
  })
})
