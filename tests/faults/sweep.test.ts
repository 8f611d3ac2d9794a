import { expect, test } from "vitest"
import type { EnqueueHint } from "../../src/services/generation/queue.ts"
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
  await expect(sweepReplies({ ...app.ctx, queue })).rejects.toThrow("the queue doesn't answer")
  answers = true
  expect(await sweepReplies({ ...app.ctx, queue })).toBe(2)
  expect(enqueued).toEqual(["1", "1.again", "1.again"])
})
