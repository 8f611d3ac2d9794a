import { beforeAll, describe, expect, test } from "vitest"
import { queuePrefix } from "../../src/services/platform/queue-store.ts"
import { QUEUE_NAME } from "../../src/services/replies/accept/reply-queue.ts"
import { askRedis, openRedis, type RedisServer } from "../../tools/lib/redis-server.ts"
import { type StoreProxy, startProxy } from "../../tools/lib/store-proxy.ts"
import { newPayer } from "../billing/kit.ts"
import { ask, createRoom } from "../helpers/chat.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"
import { accept, expectCompleted, isRedisLeftOut, sharedStack } from "./kit.ts"

describe.skipIf(isRedisLeftOut)("while Redis", () => {
  const stack = sharedStack()
  let redis: RedisServer
  beforeAll(async () => {
    redis = await openRedis(stack)
  })
  const app = useTestApp(() => ({ redisUrl: redis.url, stripe: true }))
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

  test("is full, a payment makes its user Pro all the same", async () => {
    const payer = await newPayer(app)
    await command("CONFIG", "SET", "maxmemory", "1")
    try {
      await payer.becomePro({ card: "ok" })
      expect(await payer.standing()).toMatchObject({ tier: "pro" })
    } finally {
      await command("CONFIG", "SET", "maxmemory", "0")
    }
  })
})

describe.skipIf(isRedisLeftOut)("when every connection to Redis has gone silent", () => {
  const stack = sharedStack()
  let redis: RedisServer
  let proxy: StoreProxy
  beforeAll(async () => {
    redis = await openRedis(stack)
    proxy = await startProxy(redis.url)
    stack.defer(() => proxy.close())
  })
  const app = useTestApp(() => ({ redisUrl: proxy.url }))
  const user = useUser(app, { pro: true })
  const carried = async () => {
    const key = `${queuePrefix(redis.url)}:${QUEUE_NAME}:events`
    const events = await askRedis(redis.url, (client) => client.xrevrange(key, "+", "-"))
    return events.flatMap(([, fields]) => (fields.includes("completed") ? fields : []))
  }

  test("all of them are replaced, and meanwhile replies are made", async () => {
    const room = await createRoom(app, user)
    const heard: unknown[] = []
    const unsubscribe = app.ctx.bus.subscribe("somewhere", (message) => heard.push(message))
    await expect.poll(() => heard).toContain(null)
    const before = await ask(app, user, room, "before")
    await expect.poll(carried).toContain(before.id)
    proxy.strand()
    const replies = []
    for (let i = 0; i < 3; i++) replies.push(await accept(app, user, room, `question ${i}`))
    await expectCompleted(app, user, replies)
    // Short commands, messages and jobs: each has a connection of its own.
    await expect.poll(async () => (await app.http.get("/health/ready")).body.status).toBe("ready")
    await expect.poll(() => app.ctx.redis?.call((client) => client.ping()).catch(() => null)).toBe("PONG")
    await expect
      .poll(() => {
        app.ctx.bus.publish("somewhere", "hello")
        return heard
      })
      .toContain("hello")
    unsubscribe()
    const after = new Set<unknown>()
    const isCarried = async () => {
      after.add((await ask(app, user, room, "after")).id)
      return (await carried()).some((id) => after.has(id))
    }
    await expect.poll(isCarried, { timeout: 60_000 }).toBe(true)
  })
})
