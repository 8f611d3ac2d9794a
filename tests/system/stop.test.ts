import { expect, test } from "vitest"
import { isAlive } from "../../src/embedded/postgres/processes.ts"
import { createClient } from "../../tools/lib/client.ts"
import { type Cluster, startCluster } from "../../tools/lib/cluster.ts"
import { createRandom } from "../../tools/lib/random.ts"
import { openRedis } from "../../tools/lib/redis-server.ts"
import { openFolder, type Stores } from "../../tools/lib/stores.ts"
import { until } from "../../tools/lib/until.ts"
import {
  askInRooms,
  describeBackends,
  isRedisLeftOut,
  newUser,
  openDatabase,
  openTestStores,
  testStack,
} from "./kit.ts"

/** The first attempt takes much longer than a stopping worker waits for a reply to end, later ones don't. */
const LONG = "[[gemini: chunks=60 delay=50]][[gemini: delay=300 times=1]]"
const LONG_ONES = Array.from({ length: 6 }, (_, i) => `${LONG} long question ${i}`)

type Started = Awaited<ReturnType<typeof startBusy>>

/** API and workers with a prompt in each of as many rooms, whose replies are in their middle. */
async function startBusy(
  stack: AsyncDisposableStack,
  stores: Stores,
  prompts: string[],
  signal: AbortSignal,
) {
  const cluster = await startCluster(stack, { stores, folder: await openFolder(stack) })
  const urls = cluster.apis.flatMap(({ url }) => url ?? [])
  const client = createClient(urls, createRandom(1), signal)
  const asked = await askInRooms(client, await newUser(client), prompts, signal)
  await until("all replies are in their middle", () => inTheMiddle(cluster) === prompts.length, { signal })
  return { cluster, asked }
}

/** All processes end in order, and leave their replies to the next ones. */
async function stopBusy({ cluster, asked }: Started): Promise<void> {
  const pids = cluster.services.map((service) => service.child().pid)
  expect(await cluster.stop()).toEqual([])
  expect(pids.filter(isAlive)).toEqual([])
  const { rows } = await cluster.pool.query("SELECT status, failures FROM messages WHERE role = 'model'")
  expect(rows).toEqual(asked.map(() => ({ status: "queued", failures: 0 })))
}

async function finishReplies({ cluster, asked }: Started): Promise<void> {
  await cluster.start()
  for (const { replyId, heard } of asked) {
    const { text, dones } = await heard
    expect(dones).toMatchObject([{ id: replyId, status: "completed", content: text }])
  }
  expect(await cluster.stop()).toEqual([])
}

describeBackends("SIGTERM while replies run", (backend) => {
  test("everything stops within 10 s, and the next start finishes the replies", async ({ signal }) => {
    const stack = testStack()
    const busy = await startBusy(stack, await openTestStores(stack, backend), LONG_ONES, signal)
    await stopBusy(busy)
    await finishReplies(busy)
  })
})

test.skipIf(isRedisLeftOut)(
  "without a Redis idle and busy workers stop within 10 s, too, and the reply is finished later",
  async ({ signal }) => {
    const stack = testStack()
    const redis = await openRedis(stack)
    const stores = { databaseUrl: await openDatabase(stack), redisUrl: redis.url }
    // A single one, so that the other worker is idle.
    const busy = await startBusy(stack, stores, LONG_ONES.slice(0, 1), signal)
    await redis.kill()
    const { workers } = busy.cluster
    await Promise.all(workers.map((worker) => worker.child().printed("redis connection lost")))
    await stopBusy(busy)
    await redis.start()
    await finishReplies(busy)
  },
)

function inTheMiddle({ gemini }: Cluster): number {
  return gemini.calls().filter(({ chunksSent, endedAt }) => chunksSent >= 3 && endedAt === null).length
}
