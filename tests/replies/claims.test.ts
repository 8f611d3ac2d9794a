import pg from "pg"
import { expect, onTestFinished, test } from "vitest"
import { claimReply } from "../../src/services/replies/worker/claim-reply.ts"
import { MINUTE } from "../../src/utils/time.ts"
import { collect, joinDeltas } from "../../tools/lib/http.ts"
import { type SignedIn, signIn, startTestApp, type TestApp } from "../helpers/app.ts"
import { cancel, createRoom, finalReply, type Reply, send, statusOf } from "../helpers/chat.ts"

/** A third of production's, so that a test may hold a reply for longer than a lease. */
const LEASE = { leaseMs: 1_000, renewMs: 300 }
const HELD_FOR = "interval '1.2 seconds'"

test("a worker holds its replies also while its pool has no connection free", async () => {
  const { app, watcher } = await startWatched({ poolSize: 2 })
  const user = await signIn(app)
  const { body } = await send(app, user, await createRoom(app, user), "[[gemini: stall after=3]] long")
  await expect.poll(() => statusOf(app, body.reply)).toBe("running")

  const taken = await Promise.all([app.pool.connect(), app.pool.connect()])
  const { rows } = await watcher.query("SELECT now() + interval '2 seconds' AS later")
  const isHeld =
    "SELECT 1 FROM messages WHERE id = $1 AND attempt = 1 AND renewed_until > $2 AND content <> ''"
  try {
    await expect
      .poll(async () => (await watcher.query(isHeld, [body.reply.id, rows[0].later])).rowCount)
      .toBe(1)
  } finally {
    for (const client of taken) client.release()
  }
  await expectCancelled(user, body.reply)
  expect(await attemptsOf(app, body.reply)).toMatchObject({ attempt: 1 })
}, 60_000)

test("a reply that waits for its room to be ended is not made twice", async () => {
  const { app, watcher } = await startWatched()
  const user = await signIn(app)
  const prompt = "[[gemini: chunks=10 delay=100]] held at the end"
  const { reply } = (await send(app, user, await createRoom(app, user), prompt)).body
  const path = `/chatroom/${reply.chatroomId}/message/${reply.id}/stream`
  const listening = collect(user.http.events(path))
  // Awaited at the end; a break before that is no unhandled rejection.
  listening.catch(() => undefined)
  await watcher.query("BEGIN")
  await watcher.query("SELECT 1 FROM chatrooms WHERE id = $1 FOR UPDATE", [reply.chatroomId])
  try {
    await expect.poll(() => app.gemini.calls()[0]?.endedAt ?? null).not.toBeNull()
    await untilHeldSince(app.pool, reply.id)
  } finally {
    await watcher.query("COMMIT")
  }
  const stored = await finalReply(app, user, reply)
  const events = await listening
  expect(stored).toMatchObject({ status: "completed", error: null })
  expect(joinDeltas(events)).toBe(stored.content)
  expect(events.map(({ event }) => event)).not.toContain("reset")
  expect(app.gemini.calls()).toHaveLength(1)
  expect(await attemptsOf(app, reply)).toEqual({ attempt: 1, failures: 0, takeovers: 0 })
}, 60_000)

test("a reply that waits for a connection to be handed back is not taken for a dead worker's", async () => {
  const { app, watcher } = await startWatched({ poolSize: 2 })
  const user = await signIn(app)
  const prompt = "[[gemini: cut after=15 times=1 delay=100 chunks=17]] held on its way back"
  const { reply } = (await send(app, user, await createRoom(app, user), prompt)).body
  await expect.poll(() => statusOf(app, reply)).toBe("running")
  const taken = await Promise.all([app.pool.connect(), app.pool.connect()])
  try {
    await expect.poll(() => app.gemini.calls()[0]?.endedAt ?? null).not.toBeNull()
    await untilHeldSince(watcher, reply.id)
  } finally {
    for (const client of taken) client.release()
  }
  expect(await finalReply(app, user, reply)).toMatchObject({ status: "completed" })
  expect(app.gemini.calls()).toHaveLength(2)
  expect(await attemptsOf(app, reply)).toEqual({ attempt: 2, failures: 1, takeovers: 0 })
}, 60_000)

test("a reply whose row is locked keeps no other from being renewed", async () => {
  const { app, watcher } = await startWatched()
  const user = await signIn(app)
  const prompt = "[[gemini: stall after=1]] side by side"
  const sendOne = async () => (await send(app, user, await createRoom(app, user), prompt)).body.reply
  const [locked, other] = [await sendOne(), await sendOne()]
  for (const reply of [locked, other]) await expect.poll(() => statusOf(app, reply)).toBe("running")
  await watcher.query("BEGIN")
  await watcher.query("SELECT 1 FROM messages WHERE id = $1 FOR UPDATE", [locked.id])
  try {
    await untilHeldSince(app.pool, other.id)
  } finally {
    await watcher.query("COMMIT")
  }
  // The lease of the one has run out meanwhile, and its process goes on with it all the same.
  for (const reply of [locked, other]) {
    await expectCancelled(user, reply)
    expect(await attemptsOf(app, reply)).toEqual({ attempt: 1, failures: 0, takeovers: 0 })
  }
}, 60_000)

/** An app, and a connection that is none of its pool's. */
test.each([
  {
    when: "has grown by a quarter",
    checkpointMs: MINUTE,
    letters: [100, 124, 125],
    written: [100, 100, 125],
  },
  { when: "hasn't, after a while", checkpointMs: 1, letters: [100, 101, 102], written: [100, 101, 102] },
])(
  "the text of a reply in the making is written when it $when",
  async ({ checkpointMs, letters, written }) => {
    const timing = { replies: { renewMs: 20, checkpointMs } }
    const app = await startTestApp({ timing, worker: false })
    onTestFinished(() => app.close())
    const user = await signIn(app)
    const { reply } = (await send(app, user, await createRoom(app, user), "by the letter")).body
    const claimed = await claimReply(app.ctx, { userId: user.user.id, id: reply.id })
    if (!("attempt" in claimed)) throw new Error("not claimed")
    let text = ""
    const release = app.ctx.leases.renew({
      attempt: claimed.attempt,
      text: () => text,
      thoughts: () => "",
      end: (why) => expect.unreachable(why),
    })
    onTestFinished(release)
    const lengths = []
    for (const length of letters) {
      text = "x".repeat(length)
      await untilRenewedTwice(app, reply)
      const [row] = await app.query("SELECT length(content) AS length FROM messages WHERE id = $1", reply.id)
      lengths.push(row.length)
    }
    expect(lengths).toEqual(written)
  },
)

/** So that one of the renewals has begun after the call. */
async function untilRenewedTwice(app: TestApp, { id }: Reply): Promise<void> {
  const read = async () =>
    (await app.query("SELECT renewed_until::text AS until FROM messages WHERE id = $1", id))[0].until
  for (let n = 0; n < 2; n++) {
    const before = await read()
    await expect.poll(read).not.toBe(before)
  }
}

async function startWatched(database: { poolSize?: number } = {}) {
  const timing = { replies: { ...LEASE, firstRetryMs: 300 } }
  const app = await startTestApp({ config: { database }, timing })
  onTestFinished(() => app.close())
  // Else who waits for one gives up after 5 s, which is soon after `HELD_FOR`.
  Object.assign(app.pool.options, { connectionTimeoutMillis: MINUTE })
  const watcher = new pg.Client({ connectionString: app.ctx.config.database.url })
  await watcher.connect()
  onTestFinished(() => watcher.end())
  return { app, watcher }
}

/** Ends a reply that would never end. */
async function expectCancelled(user: SignedIn, reply: Reply) {
  expect(await cancel(user, reply)).toMatchObject({ status: 200, body: { status: "cancelled" } })
}

type Queries = Pick<pg.Client, "query">

/**
 * Waits until the first attempt's claim, held now, has been renewed after `HELD_FOR`: by its lease, which others would
 * take the reply after. Its own process leaves it alone.
 */
async function untilHeldSince(db: Queries, replyId: string): Promise<void> {
  const { rows } = await db.query(`SELECT now() + ${HELD_FOR} AS until`)
  const isHeld = `
    SELECT attempt, status, now() > $2 AND greatest(lease_until, renewed_until) > now() AS held FROM messages WHERE id = $1`
  await expect
    .poll(async () => (await db.query(isHeld, [replyId, rows[0].until])).rows)
    .toEqual([{ attempt: 1, status: "running", held: true }])
}

const attemptsOf = async (app: TestApp, reply: Reply) =>
  (await app.query("SELECT attempt, failures, takeovers FROM messages WHERE id = $1", reply.id))[0]
