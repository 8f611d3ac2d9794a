import { expect, test } from "vitest"
import type { MessageKey } from "../../src/services/chat/message-record.ts"
import type { EnqueueOptions } from "../../src/services/replies/accept/reply-queue.ts"
import { claimReply } from "../../src/services/replies/worker/claim-reply.ts"
import { sweepReplies } from "../../src/services/replies/worker/sweep.ts"
import { createTakeovers } from "../../src/services/replies/worker/takeovers.ts"
import { signIn, startTestApp } from "../helpers/app.ts"
import { createRoom, makePro, promptsUsed, send } from "../helpers/chat.ts"
import { testStack } from "../helpers/stack.ts"

/** A service that makes no replies, and somebody who may ask. It ends with the test. */
async function startWithoutWorker() {
  const stack = testStack()
  const app = await startTestApp({ worker: false })
  stack.defer(() => app.close())
  return { app, user: await signIn(app) }
}

test("replies whose queue didn't answer the sweep are due again at once, under a job id of its own", async () => {
  const { app, user } = await startWithoutWorker()
  await makePro(app, user)
  for (let i = 0; i < 3; i++) await send(app, user, await createRoom(app, user), `question ${i}`)
  await app.pool.query(
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
  await app.pool.query("UPDATE messages SET lease_until = now() + interval '1 hour' WHERE id = $1", [taken])
  expect(await sweep("queued")).toBe(2)
  expect(enqueued).toEqual(["1", "1.again", "1.again"])
})

test("a reply that the sweep finds alone has its place among all that its user has under way", async () => {
  const { app, user } = await startWithoutWorker()
  await makePro(app, user)
  const other = await signIn(app)
  await send(app, other, await createRoom(app, other), "another user's")
  const enqueued: EnqueueOptions[] = []
  const queue = {
    ...app.ctx.queue,
    enqueue: async (_reply: MessageKey, hint: EnqueueOptions) => void enqueued.push(hint),
  }
  for (let i = 0; i < 4; i++) {
    const { body } = await send(app, user, await createRoom(app, user), `question ${i}`)
    // It alone is due, however long all this takes.
    await app.pool.query(
      "UPDATE messages SET lease_until = now() + CASE WHEN id = $1 THEN '0 s' ELSE '1 hour' END::interval WHERE role = 'model'",
      [body.reply.id],
    )
    expect(await sweepReplies({ ...app.ctx, queue }, "queued", { take: () => false })).toBe(1)
  }
  expect(enqueued.map(({ inFlight }) => inFlight)).toEqual([1, 2, 3, 4])
})

test("a silent worker's reply is made anew at once, also while the queue doesn't answer", async () => {
  const { app, user } = await startWithoutWorker()
  const { body } = await send(app, user, await createRoom(app, user), "rescue me")
  await app.pool.query(
    "UPDATE messages SET status = 'running', attempt = 1, lease_until = now() - interval '1 second' WHERE role = 'model'",
  )
  const queue = { ...app.ctx.queue, enqueue: () => Promise.reject(new Error("the queue doesn't answer")) }
  const ctx = { ...app.ctx, queue }
  const rescues = createTakeovers(ctx, new AbortController().signal, () => 0)
  expect(await sweepReplies(ctx, "running", rescues)).toBe(1)
  await rescues.drain()
  const { rows } = await app.pool.query("SELECT status, attempt, takeovers FROM messages WHERE id = $1", [
    body.reply.id,
  ])
  expect(rows).toEqual([{ status: "completed", attempt: 2, takeovers: 1 }])
})

test.each([
  [100, { status: "completed", error_code: null }],
  [101, { status: "failed", error_code: "misconfigured" }],
])("a reply that %i workers have died of ends %o", async (takeovers, end) => {
  const { app, user } = await startWithoutWorker()
  const { body } = await send(app, user, await createRoom(app, user), "deadly")
  await app.pool.query(
    "UPDATE messages SET attempt = $2::int, takeovers = $2::int, lease_until = now() - interval '1 second' WHERE id = $1",
    [body.reply.id, takeovers],
  )
  const rescues = createTakeovers(app.ctx, new AbortController().signal, () => 0)
  expect(await sweepReplies(app.ctx, "queued", rescues)).toBe(1)
  await rescues.drain()
  const { rows } = await app.pool.query("SELECT status, error_code FROM messages WHERE id = $1", [
    body.reply.id,
  ])
  expect(rows).toEqual([end])
  expect(await promptsUsed(app, user)).toBe(end.status === "failed" ? 0 : 1)
})

test("a worker that makes as many replies as it may begins no rescue", async () => {
  const stack = testStack()
  const app = await startTestApp({ config: { worker: { concurrency: 2 } } })
  stack.defer(() => app.close())
  const user = await signIn(app)
  await makePro(app, user)
  const statusOf = async ({ id }: { id: string }) =>
    (await app.pool.query("SELECT status FROM messages WHERE id = $1", [id])).rows[0].status
  const slow = []
  for (let i = 0; i < 2; i++) {
    const { body } = await send(app, user, await createRoom(app, user), `[[gemini: stall after=1]] slow ${i}`)
    slow.push(body.reply)
  }
  for (const reply of slow) await expect.poll(() => statusOf(reply)).toBe("running")
  const other = await send(app, user, await createRoom(app, user), "orphaned")
  await app.pool.query(
    "UPDATE messages SET status = 'running', attempt = 1, lease_until = now() - interval '1 second' WHERE id = $1",
    [other.body.reply.id],
  )
  // The sweep takes it from the silent worker and leaves it to the queue.
  await expect.poll(() => statusOf(other.body.reply)).toBe("queued")
  for (const reply of slow) expect(await statusOf(reply)).toBe("running")
  expect(app.gemini.calls().filter(({ prompt }) => prompt.includes("orphaned"))).toEqual([])
  for (const { id, chatroomId } of slow)
    await app.http.post(`/chatroom/${chatroomId}/message/${id}/cancel`, undefined, { token: user.token })
  await expect.poll(() => statusOf(other.body.reply)).toBe("completed")
})

test("a reply whose next worker dies, too, before it has begun is made without the queue all the same", async () => {
  const { app, user } = await startWithoutWorker()
  const { body } = await send(app, user, await createRoom(app, user), "twice bereft")
  await app.pool.query(
    "UPDATE messages SET attempt = 1, takeovers = 1, lease_until = now() - interval '1 second' WHERE role = 'model'",
  )
  const rescues = createTakeovers(app.ctx, new AbortController().signal, () => 0)
  expect(await sweepReplies(app.ctx, "queued", rescues)).toBe(1)
  await rescues.drain()
  const { rows } = await app.pool.query("SELECT status, attempt FROM messages WHERE id = $1", [body.reply.id])
  expect(rows).toEqual([{ status: "completed", attempt: 2 }])
})

test("a process that was held up for longer than a lease goes on with its replies; another would take them", async () => {
  const stack = testStack()
  const app = await startTestApp()
  stack.defer(() => app.close())
  const user = await signIn(app)
  const { reply } = (await send(app, user, await createRoom(app, user), "[[gemini: stall after=1]]")).body
  const key = { userId: user.user.id, id: reply.id }
  const other = await startTestApp({ beside: app, worker: false })
  stack.defer(() => other.close())
  const stateOf = async () =>
    (await app.pool.query("SELECT status, attempt, takeovers FROM messages WHERE id = $1", [reply.id]))
      .rows[0]
  await expect.poll(() => app.ctx.leases.attempts()).toEqual([{ ...key, number: 1 }])
  const runOut = () =>
    app.pool.query("UPDATE messages SET lease_until = now() - interval '1 second' WHERE id = $1", [reply.id])
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
