import { expect, onTestFinished, test } from "vitest"
import type { MessageKey } from "../../src/services/chat/message-record.ts"
import type { EnqueueOptions, ReplyQueue } from "../../src/services/replies/accept/reply-queue.ts"
import { claimReply } from "../../src/services/replies/worker/claim-reply.ts"
import { sweepReplies } from "../../src/services/replies/worker/sweep.ts"
import { createTakeovers } from "../../src/services/replies/worker/takeovers.ts"
import { MINUTE } from "../../src/utils/time.ts"
import { signIn, startTestApp } from "../helpers/app.ts"
import { cancel, createRoom, makePro, promptsUsed, send, statusOf } from "../helpers/chat.ts"

/** A service that makes no replies, and somebody who may ask. It ends with the test. */
async function startWithoutWorker() {
  const app = await startTestApp({ worker: false })
  onTestFinished(() => app.close(), MINUTE)
  return { app, user: await signIn(app) }
}

test("replies whose queue didn't answer the sweep are due again at once, under another job id", async () => {
  const { app, user } = await startWithoutWorker()
  await makePro(app, user)
  for (let i = 0; i < 3; i++) await send(app, user, await createRoom(app, user), `question ${i}`)
  await app.query(
    "UPDATE messages SET status = 'running', attempt = 1, lease_until = now() - interval '1 second' WHERE role = 'model'",
  )
  const enqueued: unknown[] = []
  let taken = ""
  let answers = false
  const queue = {
    ...app.ctx.queue,
    async enqueue({ id }: MessageKey, { dedupeKey }: EnqueueOptions) {
      if (!answers && enqueued.length === 1) throw new Error("the queue doesn't answer")
      taken ||= id
      enqueued.push(dedupeKey)
    },
  }
  const sweep = (status: "queued" | "running") =>
    sweepReplies({ ...app.ctx, queue }, status, { take: () => false })
  await expect(sweep("running")).rejects.toThrow("the queue doesn't answer")
  answers = true
  // The one that the queue took would be due a second later, which on a busy machine is now.
  await app.query("UPDATE messages SET lease_until = now() + interval '1 hour' WHERE id = $1", taken)
  expect(await sweep("queued")).toBe(2)
  expect(enqueued).toEqual(["1", "1.again", "1.again"])
})

test("a reply that the sweep finds alone counts all that its user has in flight", async () => {
  const { app, user } = await startWithoutWorker()
  await makePro(app, user)
  const other = await signIn(app)
  await send(app, other, await createRoom(app, other), "another user's")
  const enqueued: EnqueueOptions[] = []
  const queue = {
    ...app.ctx.queue,
    enqueue: async (_reply: MessageKey, options: EnqueueOptions) => void enqueued.push(options),
  }
  for (let i = 0; i < 4; i++) {
    const { body } = await send(app, user, await createRoom(app, user), `question ${i}`)
    // It alone is due, however long all this takes.
    await app.query(
      "UPDATE messages SET lease_until = now() + CASE WHEN id = $1 THEN '0 s' ELSE '1 hour' END::interval WHERE role = 'model'",
      body.reply.id,
    )
    expect(await sweepReplies({ ...app.ctx, queue }, "queued", { take: () => false })).toBe(1)
  }
  expect(enqueued.map(({ inFlight }) => inFlight)).toEqual([1, 2, 3, 4])
})

test("replies that merely wait in a long queue are left to it for a minute; where one is missing all are swept", async () => {
  const { app, user } = await startWithoutWorker()
  await makePro(app, user)
  const count = 25
  for (let i = 0; i < count; i++) await send(app, user, await createRoom(app, user), `question ${i}`)
  await expect.poll(() => app.ctx.waitEstimator.load()?.unfinished).toBe(count)
  let jobs = count
  let enqueued = 0
  const queue = {
    ...app.ctx.queue,
    counts: async () => ({ prioritized: jobs - 2, waiting: 0, delayed: 1, active: 1 }),
    enqueue: async () => void enqueued++,
  }
  const sweep = async (overdue: string) => {
    enqueued = 0
    await app.query(`UPDATE messages SET lease_until = now() - interval '${overdue}' WHERE role = 'model'`)
    await sweepReplies({ ...app.ctx, queue }, "queued", { take: () => false })
    return enqueued
  }
  expect(await sweep("1 second")).toBe(0)
  expect(await sweep("61 seconds")).toBe(count)
  // A silent worker's reply isn't one that merely waits.
  await app.query(
    "UPDATE messages SET takeovers = 1 WHERE role = 'model' AND position = 2 AND chatroom_id = (SELECT min(id::text)::uuid FROM chatrooms)",
  )
  expect(await sweep("1 second")).toBe(1)
  jobs = count - 1
  expect(await sweep("1 second")).toBe(count)
})

/** Takes over a reply that `set` makes a dead worker's. @returns what becomes of it */
async function takeOver(status: "queued" | "running", set: string, changes: Partial<ReplyQueue> = {}) {
  const { app, user } = await startWithoutWorker()
  await send(app, user, await createRoom(app, user), "take me over")
  await app.query(
    `UPDATE messages SET ${set}, lease_until = now() - interval '1 second' WHERE role = 'model'`,
  )
  const ctx = { ...app.ctx, queue: { ...app.ctx.queue, ...changes } }
  const takeovers = createTakeovers(ctx, new AbortController().signal, () => 0)
  expect(await sweepReplies(ctx, status, takeovers)).toBe(1)
  await takeovers.drain()
  const [reply] = await app.query(
    "SELECT status, error_code, attempt, takeovers FROM messages WHERE role = 'model'",
  )
  return { ...reply, used: await promptsUsed(app, user) }
}

test("a silent worker's reply is made again at once, also while the queue doesn't answer", async () => {
  const enqueue = () => Promise.reject(new Error("the queue doesn't answer"))
  const reply = await takeOver("running", "status = 'running', attempt = 1", { enqueue })
  expect(reply).toMatchObject({ status: "completed", attempt: 2, takeovers: 1 })
})

test("a reply whose next worker also dies before it has begun is made without the queue", async () => {
  const reply = await takeOver("queued", "attempt = 1, takeovers = 1")
  expect(reply).toMatchObject({ status: "completed", attempt: 2 })
})

test.each([
  [4, { status: "completed", error_code: null, used: 1 }],
  [5, { status: "failed", error_code: "internal", used: 0 }],
])("a reply that %i workers have died of ends %o", async (takeovers, end) => {
  expect(await takeOver("queued", `attempt = ${takeovers}, takeovers = ${takeovers}`)).toMatchObject(end)
})

test("a worker that makes as many replies as it may takes none over", async () => {
  await using app = await startTestApp({ config: { worker: { concurrency: 2 } } })
  const user = await signIn(app)
  await makePro(app, user)
  const slow = []
  for (let i = 0; i < 2; i++) {
    const { body } = await send(app, user, await createRoom(app, user), `[[gemini: stall after=1]] slow ${i}`)
    slow.push(body.reply)
  }
  for (const reply of slow) await expect.poll(() => statusOf(app, reply)).toBe("running")
  const other = (await send(app, user, await createRoom(app, user), "orphaned")).body.reply
  await app.query(
    "UPDATE messages SET status = 'running', attempt = 1, lease_until = now() - interval '1 second' WHERE id = $1",
    other.id,
  )
  // The sweep takes it from the silent worker and leaves it to the queue.
  await expect.poll(() => statusOf(app, other)).toBe("queued")
  for (const reply of slow) expect(await statusOf(app, reply)).toBe("running")
  expect(app.gemini.calls().filter(({ prompt }) => prompt.includes("orphaned"))).toEqual([])
  for (const reply of slow) await cancel(user, reply)
  await expect.poll(() => statusOf(app, other)).toBe("completed")
})

test("a process that was blocked for longer than a lease continues its replies; another would take them over", async () => {
  await using app = await startTestApp()
  const user = await signIn(app)
  const { reply } = (await send(app, user, await createRoom(app, user), "[[gemini: stall after=1]]")).body
  const key = { userId: user.user.id, id: reply.id }
  await using other = await startTestApp({ beside: app, worker: false })
  const stateOf = async () =>
    (await app.query("SELECT status, attempt, takeovers FROM messages WHERE id = $1", reply.id))[0]
  await expect.poll(() => app.ctx.leases.attempts()).toEqual([{ ...key, number: 1 }])
  const runOut = () =>
    app.pool.query(
      "UPDATE messages SET lease_until = now() - interval '1 second', renewed_until = NULL WHERE id = $1",
      [reply.id],
    )
  await runOut()
  expect(await sweepReplies(app.ctx, "running", { take: () => false })).toBe(0)
  // As a job that the queue takes for stalled, too, is given out again.
  await runOut()
  expect(await claimReply(app.ctx, key)).toEqual({ waitMs: expect.any(Number) })
  expect(await stateOf()).toEqual({ status: "running", attempt: 1, takeovers: 0 })
  // A renewal may come between.
  await expect
    .poll(async () => {
      await runOut()
      return sweepReplies(other.ctx, "running", { take: () => true })
    })
    .toBe(1)
})
