import { readFileSync } from "node:fs"
import { join } from "node:path"
import { setImmediate as nextTurn } from "node:timers/promises"
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { createLogger } from "../../src/config/logger.ts"
import { checkRedis, createRedisStore, type RedisStore, RedisUnavailable } from "../../src/config/redis.ts"
import { TIMING } from "../../src/config/timing.ts"
import { SECOND } from "../../src/utils/time.ts"
import { askRedis, freePort, openRedis } from "../../tools/lib/redis-server.ts"
import { isRedisLeftOut, sharedStack, testStack } from "./kit.ts"
import { ROOT } from "./programs.ts"

const connect = (url: string, timing = TIMING.redis) => createRedisStore(url, createLogger("silent"), timing)

/** The rules of a user as the documentation has them. */
const DOCUMENTED = /ACL SETUSER chat on >PASSWORD (.*)/.exec(
  readFileSync(join(ROOT, "docs/CONFIGURATION.md"), "utf8"),
)?.[1]

describe.skipIf(isRedisLeftOut)("a start looks at its Redis", () => {
  const stack = sharedStack()
  let url: string
  let store: RedisStore

  beforeAll(async () => {
    url = (await openRedis(stack)).url
    store = connect(url)
    stack.defer(() => store.close())
  })

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
    const away = connect(`redis://127.0.0.1:${await freePort()}`)
    testStack().defer(() => away.close())
    expect(await checkRedis(away, 50)).toBe(false)
  })

  test("and refuses one that would drop jobs", async () => {
    await askRedis(url, (client) =>
      client.config("SET", "maxmemory", "100mb", "maxmemory-policy", "allkeys-lru"),
    )
    await expect(checkRedis(store, 10 * SECOND)).rejects.toThrow(/evicts keys when it is full/)
  })
})

describe.skipIf(isRedisLeftOut)("a start asks its Redis what the URL's user may do", () => {
  const stack = sharedStack()
  let port: number

  beforeAll(async () => {
    const redis = await openRedis(stack)
    port = redis.port
    const users = {
      all: "~* &* +@all",
      safe: "~* &* +@all -@dangerous",
      channels: "~* resetchannels +@all",
      reader: "~* &* +@read +@connection +@scripting +info",
      documented: `${DOCUMENTED}`,
      default: ">the-default",
    }
    await askRedis(redis.url, async (client) => {
      for (const [name, rules] of Object.entries(users))
        await client.acl("SETUSER", name, "on", ">the-word", ...rules.split(" "))
    })
  })

  test.each([
    ["all:the-word", null],
    ["documented:the-word", null],
    [":the-default", null],
    ["all:wrong", /^Redis at REDIS_URL rejects the user or password in it\.$/],
    ["nobody:the-word", /^Redis at REDIS_URL rejects the user or password in it\.$/],
    [":wrong", /^Redis at REDIS_URL rejects the user or password in it\.$/],
    ["", /^Redis at REDIS_URL asks for a password, and the URL has none\.$/],
    ["safe:the-word", /^The Redis user in REDIS_URL may not run INFO\. docs\/CONFIGURATION\.md/],
    [
      "channels:the-word",
      /may not run PUBLISH cancel, SUBSCRIBE cancel, PUBLISH reply:x, .*SUBSCRIBE room:x\. /,
    ],
    ["reader:the-word", /may not run .*SET limit:x|may not run .* and \d+ others\. /],
  ])("as %j: %s", async (user, refusal) => {
    const own = connect(`redis://${user ? `${user}@` : ""}127.0.0.1:${port}`)
    testStack().defer(() => own.close())
    const checked = checkRedis(own, 10 * SECOND)
    if (refusal === null) expect(await checked).toBe(true)
    else
      await expect(checked).rejects.toMatchObject({
        code: "REDIS_UNFIT",
        message: expect.stringMatching(refusal),
      })
  })
})

describe.skipIf(isRedisLeftOut)("a command to Redis", () => {
  const TIMEOUT_MS = 0.5 * SECOND
  const TURN_MS = 0.1 * TIMEOUT_MS
  const stack = sharedStack()
  let url: string
  let store: RedisStore

  beforeAll(async () => {
    url = (await openRedis(stack)).url
  })
  beforeEach(async () => {
    store = connect(url, { ...TIMING.redis, commandTimeoutMs: TIMEOUT_MS })
    expect(await checkRedis(store, 10 * SECOND)).toBe(true)
  })
  afterEach(() => store.close())

  const ping = () => store.call((client) => client.ping())
  const standStill = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)

  /** Turns of a busy event loop until `work` is given up. */
  async function turnsUntilGivenUp(work: Promise<unknown>): Promise<number> {
    let isOver = false
    const givenUp = expect(work)
      .rejects.toThrow(RedisUnavailable)
      .finally(() => {
        isOver = true
      })
    let turns = 0
    for (; !isOver; turns++) {
      standStill(TURN_MS)
      await nextTurn()
    }
    await givenUp
    return turns
  }

  test("isn't given up because its own process was held up", async () => {
    // Each way: before the command is sent, and while its answer lies in the socket.
    for (const turns of [0, 3]) {
      const answer = ping()
      for (let i = 0; i < turns; i++) await nextTurn()
      standStill(2 * TIMEOUT_MS)
      expect(await answer).toBe("PONG")
    }
  })

  test("is given up in time by a process that is busy, also when it was held up just before", async () => {
    await askRedis(url, (client) => client.client("PAUSE", 60 * SECOND, "ALL"))
    // Ten would be exact, and a pause makes them fewer.
    expect(await turnsUntilGivenUp(ping())).toBeLessThan(15)
    await expect.poll(() => store.call(async () => "asked")).toBe("asked")
    const before = ping().catch(() => undefined)
    standStill(4 * TIMEOUT_MS)
    expect(await turnsUntilGivenUp(ping())).toBeLessThan(15)
    await before
  })
})
