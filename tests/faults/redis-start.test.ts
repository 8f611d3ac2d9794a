import { setImmediate as nextTurn } from "node:timers/promises"
import { Redis } from "ioredis"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { createLogger } from "../../src/config/logger.ts"
import { checkRedis, createRedisStore, type RedisStore, RedisUnavailable } from "../../src/config/redis.ts"
import { SECOND } from "../../src/utils/time.ts"
import { freePort, startRedis } from "../helpers/redis-server.ts"
import { isRedisLeftOut } from "./kit.ts"

describe.skipIf(isRedisLeftOut)("a start looks at its Redis", () => {
  const stack = new AsyncDisposableStack()
  let url: string
  let store: RedisStore

  beforeAll(async () => {
    url = (await startRedis(stack)) as string
    store = createRedisStore(url, createLogger("silent"))
    stack.defer(() => store.close())
  })
  afterAll(() => stack.disposeAsync())

  test("and looks again when an answer stays away", async () => {
    let calls = 0
    // The first is whether it answers at all, the second what it is.
    const halting: RedisStore = {
      ...store,
      call: (work) => (++calls === 2 ? Promise.reject(new RedisUnavailable()) : store.call(work)),
    }
    expect(await checkRedis(halting, 10 * SECOND)).toBe(true)
    // More where the machine stands still for longer than an answer may take.
    expect(calls).toBeGreaterThanOrEqual(4)
  })

  test("and goes on without one that doesn't answer", async () => {
    await using nobody = new AsyncDisposableStack()
    const away = createRedisStore(`redis://127.0.0.1:${await freePort()}`, createLogger("silent"))
    nobody.defer(() => away.close())
    expect(await checkRedis(away, 50)).toBe(false)
  })

  test("and refuses one that would drop jobs", async () => {
    const client = new Redis(url)
    await client.config("SET", "maxmemory", "100mb", "maxmemory-policy", "allkeys-lru")
    client.disconnect()
    await expect(checkRedis(store, 10 * SECOND)).rejects.toThrow(/drops keys when it is full/)
  })
})

test.skipIf(isRedisLeftOut)(
  "a process that is held up itself doesn't take its Redis for silent",
  async () => {
    await using stack = new AsyncDisposableStack()
    const url = (await startRedis(stack)) as string
    const store = createRedisStore(url, createLogger("silent"), { commandTimeoutMs: 0.5 * SECOND })
    stack.defer(() => store.close())
    expect(await checkRedis(store, 10 * SECOND)).toBe(true)
    // Each way: before the command is sent, and while its answer lies in the socket.
    for (const turns of [0, 3]) {
      const answer = store.call((client) => client.ping())
      for (let i = 0; i < turns; i++) await nextTurn()
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1 * SECOND)
      expect(await answer).toBe("PONG")
    }
  },
)
