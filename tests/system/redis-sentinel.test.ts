import { expect, test } from "vitest"
import { createLogger } from "../../src/config/logger.ts"
import { connect } from "../../src/config/redis-connection.ts"
import { queuePrefix } from "../../src/services/platform/queue-store.ts"
import { QUEUE_NAME } from "../../src/services/replies/accept/reply-queue.ts"
import { MINUTE } from "../../src/utils/time.ts"
import { askRedis } from "../../tools/lib/redis-server.ts"
import { signIn, startTestApp } from "../helpers/app.ts"
import { ask, createRoom, makePro } from "../helpers/chat.ts"
import { accept, expectCompleted, isRedisLeftOut, type Reply, testStack } from "./kit.ts"
import { startRedisPair } from "./redis-sentinel.ts"

const PROMPTS = 40
const KILLED_AFTER = 15

test.skipIf(isRedisLeftOut)("after kill -9 of the primary each prompt ends in one reply", async () => {
  const stack = testStack()
  const { url, primary, replica } = await startRedisPair(stack)
  const app = stack.use(await startTestApp({ redisUrl: url }))
  const user = await signIn(app)
  await makePro(app, user)
  expect((await ask(app, user, await createRoom(app, user), "before")).status).toBe("completed")

  const replies: Reply[] = []
  for (let i = 0; i < PROMPTS; i++) {
    if (i === KILLED_AFTER) void primary.kill()
    replies.push(await accept(app, user, await createRoom(app, user), `question ${i}`))
  }
  await expectCompleted(app, user, replies)
  const { rows } = await app.pool.query("SELECT count(*)::int AS replies FROM messages WHERE role = 'model'")
  expect(rows).toEqual([{ replies: PROMPTS + 1 }])

  // An election that fails on a busy machine is held again after 10 s.
  const status = async () => (await app.http.get("/health/ready")).body.status
  await expect.poll(status, { timeout: MINUTE }).toBe("ready")
  const after = await ask(app, user, await createRoom(app, user), "after")
  expect((await askRedis(replica.url, (client) => client.role()))[0]).toBe("master")
  await expect.poll(() => finishedJobs(replica.url, url)).toContain(after.id)
})

test.skipIf(isRedisLeftOut)(
  "a connection that is broken off while it asks for the primary is made again",
  async () => {
    const stack = testStack()
    const { url } = await startRedisPair(stack)
    const client = connect(url, createLogger("silent"))
    stack.defer(() => client.disconnect())
    const ended = new Promise<void>((resolve) => client.once("end", resolve))
    // As ioredis does itself when the sentinels tell of a new primary.
    client.disconnect(true)
    await ended
    await expect.poll(() => client.ping().catch(() => null)).toBe("PONG")
  },
)

async function finishedJobs(redisUrl: string, url: string): Promise<unknown[]> {
  const key = `${queuePrefix(url)}:${QUEUE_NAME}:events`
  const events = await askRedis(redisUrl, (client) => client.xrevrange(key, "+", "-"))
  return events.flatMap(([, fields]) => (fields.includes("completed") ? fields : []))
}
