import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Redis } from "ioredis"
import { freePort, spawnRedis, untilReady } from "../../tools/lib/redis-server.ts"

const SENTINELS = 3
const QUORUM = 2
const NAME = "main"
const POLL_MS = 20

export interface RedisPair {
  /** `redis+sentinel://…` */
  url: string
  /** Of the server that is the replica at first. */
  replicaUrl: string
  /** `kill -9`. */
  killPrimary(): Promise<void>
}

/** Starts a Redis, its replica and three sentinels that make the replica the primary when the first one dies. */
export async function startRedisPair(stack: AsyncDisposableStack): Promise<RedisPair> {
  const folder = await mkdtemp(join(tmpdir(), "test-redis-sentinel-"))
  stack.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }))
  const [port, replicaPort] = [await freePort(), await freePort()]
  const primary = await startServer(stack, port, "--dir", folder)
  await startServer(stack, replicaPort, "--dir", folder, "--replicaof", `127.0.0.1 ${port}`)
  const replicaUrl = `redis://127.0.0.1:${replicaPort}`
  await untilSays(replicaUrl, ["INFO", "replication"], "master_link_status:up")
  const sentinels = await Promise.all(
    Array.from({ length: SENTINELS }, () => startSentinel(stack, folder, port)),
  )
  for (const sentinel of sentinels) {
    await untilSays(
      `redis://127.0.0.1:${sentinel}`,
      ["INFO", "sentinel"],
      `status=ok,address=127.0.0.1:${port},slaves=1,sentinels=${SENTINELS}`,
    )
  }
  return {
    url: `redis+sentinel://${sentinels.map((each) => `127.0.0.1:${each}`).join(",")}/${NAME}`,
    replicaUrl,
    killPrimary: () => kill(primary),
  }
}

async function startServer(
  stack: AsyncDisposableStack,
  port: number,
  ...flags: string[]
): Promise<ChildProcess> {
  const server = await spawnRedis(port, ...flags)
  if (!server) throw new Error("There is no redis-server on the PATH.")
  stack.defer(() => kill(server))
  await untilReady(`redis://127.0.0.1:${port}`)
  return server
}

/** @returns its port */
async function startSentinel(stack: AsyncDisposableStack, folder: string, primary: number): Promise<number> {
  const port = await freePort()
  const file = join(folder, `sentinel-${port}.conf`)
  const lines = [
    `port ${port}`,
    "bind 127.0.0.1",
    `dir ${folder}`,
    `sentinel monitor ${NAME} 127.0.0.1 ${primary} ${QUORUM}`,
    `sentinel down-after-milliseconds ${NAME} 1000`,
    `sentinel failover-timeout ${NAME} 5000`,
  ]
  await writeFile(file, `${lines.join("\n")}\n`)
  const server = spawn("redis-server", [file, "--sentinel"], { stdio: "ignore" })
  stack.defer(() => kill(server))
  await untilReady(`redis://127.0.0.1:${port}`)
  return port
}

async function kill(server: ChildProcess): Promise<void> {
  server.kill("SIGKILL")
  if (server.exitCode === null && server.signalCode === null) await once(server, "exit")
}

/** Resolves when what the server answers to `command` holds `text`. */
async function untilSays(url: string, [name, ...args]: [string, ...string[]], text: string): Promise<void> {
  const client = new Redis(url)
  try {
    while (!String(await client.call(name, ...args)).includes(text)) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
  } finally {
    client.disconnect()
  }
}
