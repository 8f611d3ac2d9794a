import type { Redis } from "ioredis"
import { askRedis, freePort, openRedis } from "../../tools/lib/redis-server.ts"
import { openFolder } from "../../tools/lib/stores.ts"
import { until } from "../../tools/lib/until.ts"

/** Of every Redis Cluster: https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/ */
const SLOTS = 16_384
const NODES = 3

/** Redis's own: with less, one that a busy machine stops for seconds takes the whole cluster with it. */
const NODE_TIMEOUT_MS = 15_000

export type RedisCluster = Awaited<ReturnType<typeof startRedisCluster>>

/**
 * Starts a real Redis Cluster of three primaries from the machine's `redis-server`. It is stopped with `stack`. A
 * killed node loses everything but its slots.
 */
export async function startRedisCluster(stack: AsyncDisposableStack) {
  const folder = await openFolder(stack)
  const nodes = await Promise.all(Array.from({ length: NODES }, () => startNode(stack, folder)))
  await introduce(nodes)
  /** Gives the slot of an empty key or a channel to another node. */
  const moveSlot = async (key: string, to: number) => {
    const { url } = nodes[to] as (typeof nodes)[number]
    const [slot, id] = await askRedis(url, async (client) => [
      await client.cluster("KEYSLOT", key),
      await client.cluster("MYID"),
    ])
    // The new one first, so that there is one at any time.
    const others = nodes.filter((_, n) => n !== to)
    for (const node of [nodes[to] as (typeof nodes)[number], ...others])
      await askRedis(node.url, (client) => client.cluster("SETSLOT", slot as number, "NODE", id as string))
  }
  return { moveSlot, url: `redis+cluster://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(",")}`, nodes }
}

async function startNode(stack: AsyncDisposableStack, folder: string) {
  const busPort = await freePort()
  const flags = ["--cluster-enabled", "yes", "--cluster-port", busPort]
  const timeout = ["--cluster-node-timeout", NODE_TIMEOUT_MS]
  const files = ["--dir", folder, "--cluster-config-file", `nodes-${busPort}.conf`]
  return { ...(await openRedis(stack, ...flags, ...timeout, ...files)), busPort }
}

/** Gives each node its share of the slots, then makes the first one meet the others. */
async function introduce(nodes: Awaited<ReturnType<typeof startNode>>[]): Promise<void> {
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
