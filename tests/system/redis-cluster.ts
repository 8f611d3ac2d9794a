import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Redis } from "ioredis"
import { askRedis, freePort, openRedis, type RedisServer } from "../../tools/lib/redis-server.ts"
import { until } from "../../tools/lib/until.ts"

/** Of every Redis Cluster: https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/ */
const SLOTS = 16_384
const NODES = 3

/** Redis's own: with less, one that a busy machine stops for seconds takes the whole cluster with it. */
const NODE_TIMEOUT_MS = 15_000

export interface RedisCluster {
  /** `redis+cluster://…` */
  url: string
  /** A killed one loses everything but its slots. */
  nodes: RedisServer[]
}

/** Starts a real Redis Cluster of three primaries from the machine's `redis-server`. It is stopped with `stack`. */
export async function startRedisCluster(stack: AsyncDisposableStack): Promise<RedisCluster> {
  const folder = await mkdtemp(join(tmpdir(), "test-redis-cluster-"))
  stack.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }))
  const nodes = await Promise.all(Array.from({ length: NODES }, () => startNode(stack, folder)))
  await introduce(nodes)
  return { url: `redis+cluster://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(",")}`, nodes }
}

interface Node extends RedisServer {
  busPort: number
}

async function startNode(stack: AsyncDisposableStack, folder: string): Promise<Node> {
  const busPort = await freePort()
  const flags = ["--cluster-enabled", "yes", "--cluster-port", busPort]
  const timeout = ["--cluster-node-timeout", NODE_TIMEOUT_MS]
  const files = ["--dir", folder, "--cluster-config-file", `nodes-${busPort}.conf`]
  return { ...(await openRedis(stack, ...flags, ...timeout, ...files)), busPort }
}

/** Gives each node its share of the slots, then makes the first one meet the others. */
async function introduce(nodes: Node[]): Promise<void> {
  const share = Math.ceil(SLOTS / NODES)
  const giveSlots = async (client: Redis, i: number) => {
    await client.call("CLUSTER", "SET-CONFIG-EPOCH", i + 1)
    await client.cluster("ADDSLOTSRANGE", i * share, Math.min((i + 1) * share, SLOTS) - 1)
  }
  await Promise.all(nodes.map(({ url }, i) => askRedis(url, (client) => giveSlots(client, i))))
  const [first, ...others] = nodes
  for (const { port, busPort } of others)
    await askRedis(first?.url ?? "", (client) => client.call("CLUSTER", "MEET", "127.0.0.1", port, busPort))
  await Promise.all(nodes.map(({ url }) => askRedis(url, untilWhole)))
}

/** Resolves when the node knows all others and that every slot is served. */
async function untilWhole(client: Redis): Promise<void> {
  const signs = ["cluster_state:ok", `cluster_slots_ok:${SLOTS}`, `cluster_known_nodes:${NODES}`]
  await until("the cluster is whole", async () => {
    const info = String(await client.cluster("INFO"))
    return signs.every((sign) => info.includes(sign))
  })
}
