import { beforeAll, describe, expect, test } from "vitest"
import { askRedis, openRedis, type RedisServer } from "../../tools/lib/redis-server.ts"
import { ask, createRoom } from "../helpers/chat.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"
import { accept, expectCompleted, isRedisLeftOut, sharedStack } from "./kit.ts"

describe.skipIf(isRedisLeftOut)("while Redis", () => {
  const stack = sharedStack()
  let redis: RedisServer
  beforeAll(async () => {
    redis = await openRedis(stack)
  })
  const app = useTestApp(() => ({ redisUrl: redis.url }))
  const user = useUser(app, { pro: true })
  const command = (...words: [string, ...string[]]) =>
    askRedis(redis.url, async (client) => void (await client.call(...words)))
  const health = async () => (await app.http.get("/health/ready")).body

  test.each<[what: string, hurt: () => unknown, heal: () => unknown, problem: RegExp]>([
    [
      "is full",
      () => command("CONFIG", "SET", "maxmemory", "1"),
      () => command("CONFIG", "SET", "maxmemory", "0"),
      /Redis is full/,
    ],
    [
      "is a replica that stays one",
      () => command("REPLICAOF", "127.0.0.1", "1"),
      () => command("REPLICAOF", "NO", "ONE"),
      /Redis takes no writes/,
    ],
    ["is frozen", () => redis.freeze(), () => redis.thaw(), /queue doesn't respond/],
    ["is down", () => redis.kill(), () => redis.start(), /queue doesn't respond/],
  ])(
    "%s, replies are made all the same, and health says why it is degraded",
    async (_what, hurt, heal, problem) => {
      const room = await createRoom(app, user)
      expect((await ask(app, user, room, "before")).status).toBe("completed")
      expect(await health()).toMatchObject({ status: "ready", problems: [] })
      await hurt()
      try {
        const replies = []
        for (let i = 0; i < 3; i++)
          replies.push(await accept(app, user, await createRoom(app, user), `question ${i}`))
        // The second waits for the first: the queue can't carry it either when its turn comes.
        for (let i = 0; i < 2; i++) replies.push(await accept(app, user, room, `another ${i}`))
        await expectCompleted(app, user, replies)
        const problems = [expect.stringMatching(problem)]
        await expect
          .poll(health)
          .toMatchObject({ status: "degraded", queue: "down", database: "up", problems })
      } finally {
        await heal()
      }
      await expect.poll(health).toMatchObject({ status: "ready", queue: "up", problems: [] })
      expect((await ask(app, user, room, "after")).status).toBe("completed")
    },
  )
})
