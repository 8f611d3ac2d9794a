import { Redis } from "ioredis"
import { expect, test } from "vitest"
import { queuePrefix } from "../../src/services/platform/job-queue.ts"
import { QUEUE_NAME } from "../../src/services/replies/accept/reply-queue.ts"
import { MINUTE } from "../../src/utils/time.ts"
import { signIn, startTestApp } from "../helpers/app.ts"
import { ask, createRoom, finalReply, makePro, send } from "../helpers/chat.ts"
import { isRedisLeftOut, testStack } from "./kit.ts"
import { startRedisPair } from "./redis-sentinel.ts"

const PROMPTS = 40
const KILLED_AFTER = 15

test.skipIf(isRedisLeftOut)(
  "kill -9 of the primary while prompts are sent: Sentinel names another, and each prompt ends in one reply",
  async () => {
    const stack = testStack()
    const pair = await startRedisPair(stack)
    const app = await startTestApp({ redisUrl: pair.url })
    stack.defer(() => app.close())
    const user = await signIn(app)
    await makePro(app, user)
    expect((await ask(app, user, await createRoom(app, user), "before")).status).toBe("completed")

    const replies: { id: string; chatroomId: string }[] = []
    for (let i = 0; i < PROMPTS; i++) {
      if (i === KILLED_AFTER) void pair.killPrimary()
      const { status, body } = await send(app, user, await createRoom(app, user), `question ${i}`)
      expect(status, JSON.stringify(body)).toBe(202)
      replies.push(body.reply)
    }
    for (const reply of replies) {
      expect(await finalReply(app, user, reply, 2 * MINUTE)).toMatchObject({
        id: reply.id,
        status: "completed",
      })
    }
    const { rows } = await app.pool.query(
      "SELECT count(*)::int AS replies FROM messages WHERE role = 'model'",
    )
    expect(rows).toEqual([{ replies: PROMPTS + 1 }])

    // An election that fails on a busy machine is held again after 10 s.
    const status = async () => (await app.http.get("/health/ready")).body.status
    await expect.poll(status, { timeout: MINUTE }).toBe("ready")
    const after = await ask(app, user, await createRoom(app, user), "after")
    const replica = new Redis(pair.replicaUrl)
    stack.defer(() => replica.disconnect())
    expect((await replica.role())[0]).toBe("master")
    await expect.poll(() => finishedJobs(replica, pair.url)).toContain(after.id)
  },
  5 * MINUTE,
)

async function finishedJobs(redis: Redis, url: string): Promise<unknown[]> {
  const events = await redis.xrevrange(`${queuePrefix(url)}:${QUEUE_NAME}:events`, "+", "-")
  return events.flatMap(([, fields]) => (fields.includes("completed") ? fields : []))
}
