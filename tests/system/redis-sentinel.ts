import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { askRedis, freePort, openRedis, openSentinel } from "../../tools/lib/redis-server.ts"
import { openFolder } from "../../tools/lib/stores.ts"
import { until } from "../../tools/lib/until.ts"

const SENTINELS = 3
const QUORUM = 2
const NAME = "main"

/** Starts a Redis, its replica and three sentinels that make the replica the primary when the first one dies. */
export async function startRedisPair(stack: AsyncDisposableStack) {
  const folder = await openFolder(stack)
  const primary = await openRedis(stack, "--dir", folder)
  const replica = await openRedis(stack, "--dir", folder, "--replicaof", `127.0.0.1 ${primary.port}`)
  await untilSays(replica.url, "replication", "master_link_status:up")
  const sentinels = await Promise.all(
    Array.from({ length: SENTINELS }, () => startSentinel(stack, folder, primary.port)),
  )
  const agreed = `status=ok,address=127.0.0.1:${primary.port},slaves=1,sentinels=${SENTINELS}`
  for (const { url } of sentinels) await untilSays(url, "sentinel", agreed)
  const url = `redis+sentinel://${sentinels.map(({ port }) => `127.0.0.1:${port}`).join(",")}/${NAME}`
  return { url, primary, replica }
}

async function startSentinel(stack: AsyncDisposableStack, folder: string, primaryPort: number) {
  const port = await freePort()
  const file = join(folder, `sentinel-${port}.conf`)
  const lines = [
    `port ${port}`,
    "bind 127.0.0.1",
    `dir ${folder}`,
    `sentinel monitor ${NAME} 127.0.0.1 ${primaryPort} ${QUORUM}`,
    `sentinel down-after-milliseconds ${NAME} 1000`,
    `sentinel failover-timeout ${NAME} 5000`,
  ]
  await writeFile(file, `${lines.join("\n")}\n`)
  return openSentinel(stack, port, file)
}

/** Resolves when the server's INFO of `section` holds `text`. */
async function untilSays(url: string, section: string, text: string): Promise<void> {
  await askRedis(url, (client) =>
    until(`${url} says ${text}`, async () => (await client.info(section)).includes(text)),
  )
}
