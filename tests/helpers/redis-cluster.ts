import type { ChildProcess } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Redis } from "ioredis"
import { freePort, spawnRedis, untilReady } from "../../tools/lib/redis-server.ts"

/** Of every Redis Cluster: https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/ */
const SLOTS = 16_384
const NODES = 3
const POLL_MS = 20

/** Redis's own: with less, one that a busy machine stops for seconds takes the whole cluster with it. */
const NODE_TIMEOUT_MS = 15_000

export interface RedisCluster {
  /** `redis+cluster://…` */
  url: string
  nodes: ClusterNode[]
}

export interface ClusterNode {
  port: number
  busPort: number
  url: string
  /** `kill -9`: everything in it is lost but its slots. */
  kill(): Promise<void>
  start(): Promise<void>
}

/** Starts a real Redis Cluster of three primaries from the machine's `redis-server`. It is stopped with `stack`. */
export async function startRedisCluster(stack: AsyncDisposableStack): Promise<RedisCluster> {
  const folder = await mkdtemp(join(tmpdir(), "test-redis-cluster-"))
  stack.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }))
  const nodes = await Promise.all(Array.from({ length: NODES }, () => startNode(stack, folder)))
  await introduce(nodes)
  return { url: `redis+cluster://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(",")}`, nodes }
}

async function startNode(stack: AsyncDisposableStack, folder: string): Promise<ClusterNode> {
  const [port, busPort] = [await freePort(), await freePort()]
  const url = `redis://127.0.0.1:${port}`
  const flags = [
    "--cluster-enabled",
    "yes",
    "--cluster-port",
    busPort,
    "--cluster-node-timeout",
    NODE_TIMEOUT_MS,
  ]
  const files = ["--dir", folder, "--cluster-config-file", `nodes-${port}.conf`]
  let server: ChildProcess | null = null
  const kill = async () => {
    server?.kill("SIGKILL")
    if (server?.exitCode === null && server.signalCode === null) await once(server, "exit")
  }
  const start = async () => {
    server = await spawnRedis(port, ...flags, ...files)
    if (!server) throw new Error("There is no redis-server on the PATH.")
    await untilReady(url)
  }
  stack.defer(kill)
  await start()
  return { port, busPort, url, kill, start }
}

/** Gives each node its share of the slots, then makes the first one meet the others. */
async function introduce(nodes: ClusterNode[]): Promise<void> {
  const clients = nodes.map(({ url }) => new Redis(url))
  try {
    const share = Math.ceil(SLOTS / NODES)
    await Promise.all(
      clients.map(async (client, i) => {
        await client.call("CLUSTER", "SET-CONFIG-EPOCH", i + 1)
        await client.cluster("ADDSLOTSRANGE", i * share, Math.min((i + 1) * share, SLOTS) - 1)
      }),
    )
    for (const { port, busPort } of nodes.slice(1)) {
      await clients[0]?.call("CLUSTER", "MEET", "127.0.0.1", port, busPort)
    }
    await Promise.all(clients.map(untilWhole))
  } finally {
    for (const client of clients) client.disconnect()
  }
}

/** Resolves when the node knows all others and that every slot is served. */
async function untilWhole(client: Redis): Promise<void> {
  for (;;) {
    const info = String(await client.cluster("INFO"))
    const isWhole = info.includes("cluster_state:ok") && info.includes(`cluster_slots_ok:${SLOTS}`)
    if (isWhole && info.includes(`cluster_known_nodes:${NODES}`)) return
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}
