import { expect, test } from "vitest"
import { TIMING } from "../../src/config/timing.ts"
import { type Cache, createMemoryCache, retryInvalidations } from "../../src/services/platform/cache.ts"
import { until } from "../helpers/answers.ts"
import { createRoom } from "../helpers/chat.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"

const app = useTestApp({ worker: false })
const user = useUser(app)

const names = async () => (await user.http.get("/chatroom")).body.map(({ name }: { name: string }) => name)

/** Misses, with leave to fill. Where Redis doesn't answer in time there is none, or one that nobody knows of. */
async function takeLease(key: string): Promise<string> {
  return until(async () => {
    await app.ctx.cache.invalidate(key)
    const read = await app.ctx.cache.read(key)
    if (read.value !== null || read.lease === null) throw new Error("the reader should have got a lease")
    return read.lease
  })
}

test("a reader that started before a write doesn't fill the cache with what it saw", async () => {
  await createRoom(app, user, { name: "old" })
  const key = `chatrooms:${user.user.id}`
  const lease = await takeLease(key)
  await createRoom(app, user, { name: "new" })
  await app.ctx.cache.fill(key, lease, '"etag"\n\n["stale"]', 600)
  expect(await names()).toEqual(["new", "old"])
})

test("no reader fills the cache during a write", async () => {
  const key = `chatrooms:${user.user.id}`
  await app.ctx.cache.lock(key)
  expect(await app.ctx.cache.read(key)).toEqual({ value: null, lease: null })
  await takeLease(key)
  await app.ctx.cache.invalidate(key)
})

test("a failed invalidation is retried, also when an earlier one succeeds after it", async () => {
  const invalidations: PromiseWithResolvers<void>[] = []
  const store: Cache = {
    ...createMemoryCache(TIMING.cache),
    invalidate() {
      invalidations.push(Promise.withResolvers<void>())
      return invalidations.at(-1)?.promise as Promise<void>
    },
  }
  const cache = retryInvalidations(store, TIMING.cache)
  const both = [cache.invalidate("key"), cache.invalidate("key")]
  invalidations[1]?.reject(new Error("no answer"))
  invalidations[0]?.resolve()
  await Promise.all(both)
  expect(await cache.read("key")).toEqual({ value: null, lease: null })
  await expect.poll(() => invalidations.length).toBe(3)
  cache.close()
})

test("under 200 mixed reads and writes every write is seen by the next read", async () => {
  for (let i = 0; i < 20; i++) {
    const reads = Array.from({ length: 9 }, () => names())
    await createRoom(app, user, { name: `room ${i}` })
    expect((await names())[0]).toBe(`room ${i}`)
    await Promise.all(reads)
  }
})
