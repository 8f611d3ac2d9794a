import { expect, test } from "vitest"
import { isAlive } from "../../src/embedded/postgres/processes.ts"
import { MINUTE } from "../../src/utils/time.ts"
import { createClient } from "../../tools/lib/client.ts"
import { startCluster } from "../../tools/lib/cluster.ts"
import { createRandom } from "../../tools/lib/random.ts"
import { openRedis } from "../../tools/lib/redis-server.ts"
import { openFolder } from "../../tools/lib/stores.ts"
import { until } from "../../tools/lib/until.ts"
import { askInRooms, describeBackends, isRedisLeftOut, newUser, openTestStores, testStack } from "./kit.ts"

/** The first attempt takes much longer than a stopping worker waits for a reply to end, later ones don't. */
const LONG = "[[gemini: chunks=60 delay=50]][[gemini: delay=300 times=1]]"
const LONG_ONES = Array.from({ length: 6 }, (_, i) => `${LONG} long question ${i}`)

describeBackends("SIGTERM while replies run", (backend) => {
  test(
    "everything stops within 10 s, and the next start finishes the replies",
    async ({ signal }) => {
      const stack = testStack()
      const folder = await openFolder(stack)
      const cluster = await startCluster(stack, { stores: await openTestStores(stack, backend), folder })
      const client = createClient(
        cluster.apis.flatMap(({ url }) => url ?? []),
        createRandom(1),
        signal,
      )
      const asked = await askInRooms(client, await newUser(client), LONG_ONES, signal)
      await until("all replies are in their middle", () => inTheMiddle(cluster) === LONG_ONES.length, {
        signal,
      })
      const pids = [...cluster.apis, ...cluster.workers].map((service) => service.child().pid)

      expect(await cluster.stop()).toEqual([])
      expect(pids.filter(isAlive)).toEqual([])
      const { rows } = await cluster.pool.query("SELECT status, failures FROM messages WHERE role = 'model'")
      expect(rows).toEqual(LONG_ONES.map(() => ({ status: "queued", failures: 0 })))

      await cluster.start()
      for (const { replyId, heard } of asked) {
        const { rows } = await cluster.pool.query("SELECT content, status FROM messages WHERE id = $1", [
          replyId,
        ])
        const { text, dones } = await heard
        expect(dones).toHaveLength(1)
        expect(dones[0]).toMatchObject({ id: replyId, status: "completed", content: text })
        expect(rows).toHaveLength(1)
      }
      expect(await cluster.stop()).toEqual([])
    },
    5 * MINUTE,
  )
})

test.skipIf(isRedisLeftOut)(
  "without a Redis idle and busy workers stop within 10 s, too, and the reply is finished later",
  async ({ signal }) => {
    const stack = testStack()
    const folder = await openFolder(stack)
    const { databaseUrl } = await openTestStores(stack, "postgres")
    const redis = await openRedis(stack)
    const cluster = await startCluster(stack, { stores: { databaseUrl, redisUrl: redis.url }, folder })
    const urls = cluster.apis.flatMap(({ url }) => url ?? [])
    const client = createClient(urls, createRandom(1), signal)
    // A single one, so that the other worker is idle.
    const [asked] = await askInRooms(client, await newUser(client), [`${LONG} long question`], signal)
    await until("the reply is in its middle", () => inTheMiddle(cluster) === 1, { signal })
    await redis.kill()
    await Promise.all(cluster.workers.map(async (worker) => worker.child().printed("redis connection lost")))

    expect(await cluster.stop()).toEqual([])
    const { rows } = await cluster.pool.query("SELECT status, failures FROM messages WHERE role = 'model'")
    expect(rows).toEqual([{ status: "queued", failures: 0 }])

    await redis.start()
    await cluster.start()
    const { text, dones } = (await asked?.heard) ?? {}
    expect(dones).toEqual([
      expect.objectContaining({ id: asked?.replyId, status: "completed", content: text }),
    ])
    expect(await cluster.stop()).toEqual([])
  },
  3 * MINUTE,
)

function inTheMiddle({
  gemini,
}: {
  gemini: { calls(): { chunksSent: number; endedAt: number | null }[] }
}): number {
  return gemini.calls().filter(({ chunksSent, endedAt }) => chunksSent >= 3 && endedAt === null).length
}
