import { expect, test } from "vitest"
import type { EnqueueHint } from "../../src/services/generation/queue.ts"
import { createRescues } from "../../src/services/generation/rescues.ts"
import { sweepReplies } from "../../src/services/generation/sweep.ts"
import { signIn, startTestApp } from "../helpers/app.ts"
import { createRoom, makePro, send } from "../helpers/chat.ts"
import { testStack } from "./kit.ts"

test("replies whose queue didn't answer the sweep are due again at once, under a job id of its own", async () => {
  const stack = testStack()
  const app = await startTestApp({ worker: false })
  stack.defer(() => app.close())
  const user = await signIn(app)
  await makePro(app, user)
  for (let i = 0; i < 3; i++) await send(app, user, await createRoom(app, user), `question ${i}`)
  await app.pool.query(
    "UPDATE messages SET status = 'running', attempt = 1, lease_until = now() - interval '1 second' WHERE role = 'model'",
  )
  const enqueued: unknown[] = []
  let answers = false
  const queue = {
    ...app.ctx.queue,
    async enqueue(_id: string, { occasion }: EnqueueHint) {
      if (!answers && enqueued.length === 1) throw new Error("the queue doesn't answer")
      enqueued.push(occasion)
    },
  }
  const sweep = (status: "queued" | "running") =>
    sweepReplies({ ...app.ctx, queue }, status, { take: () => false })
  await expect(sweep("running")).rejects.toThrow("the queue doesn't answer")
  answers = true
  expect(await sweep("queued")).toBe(2)
  expect(enqueued).toEqual(["1", "1.again", "1.again"])
})

test("a silent worker's reply is made anew at once, also while the queue doesn't answer", async () => {
  const stack = testStack()
  const app = await startTestApp({ worker: false })
  stack.defer(() => app.close())
  const user = await signIn(app)
  const { body } = await send(app, user, await createRoom(app, user), "rescue me")
  await app.pool.query(
    "UPDATE messages SET status = 'running', attempt = 1, lease_until = now() - interval '1 second' WHERE role = 'model'",
  )
  const queue = { ...app.ctx.queue, enqueue: () => Promise.reject(new Error("the queue doesn't answer")) }
  const ctx = { ...app.ctx, queue }
  const rescues = createRescues(ctx, new AbortController().signal, () => 0)
  expect(await sweepReplies(ctx, "running", rescues)).toBe(1)
  await rescues.drain()
  const { rows } = await app.pool.query("SELECT status, attempt, takeovers FROM messages WHERE id = $1", [
    body.reply.id,
  ])
  expect(rows).toEqual([{ status: "completed", attempt: 2, takeovers: 1 }])
})

test("a reply whose next worker dies, too, before it has begun is made without the queue all the same", async () => {
  const stack = testStack()
  const app = await startTestApp({ worker: false })
  stack.defer(() => app.close())
  const user = await signIn(app)
  const { body } = await send(app, user, await createRoom(app, user), "twice bereft")
  await app.pool.query(
    "UPDATE messages SET attempt = 1, takeovers = 1, lease_until = now() - interval '1 second' WHERE role = 'model'",
  )
  const rescues = createRescues(app.ctx, new AbortController().signal, () => 0)
  expect(await sweepReplies(app.ctx, "queued", rescues)).toBe(1)
  await rescues.drain()
  const { rows } = await app.pool.query("SELECT status, attempt FROM messages WHERE id = $1", [body.reply.id])
  expect(rows).toEqual([{ status: "completed", attempt: 2 }])
})
