import { type ChildProcess, spawnSync } from "node:child_process"
import { once } from "node:events"
import { Redis } from "ioredis"
import { freePort, spawnRedis, untilReady } from "./redis-server.ts"

/** A Redis, in memory only, that may be hurt. */
export interface RedisServer {
  url: string
  /** `kill -9`: everything in it is lost. */
  kill(): Promise<void>
  /** Starts it again on the same port. */
  start(): Promise<void>
  /** From here on it answers nobody; connections stay open. */
  freeze(): void
  thaw(): void
  /** FLUSHALL. */
  flush(): Promise<void>
}

/** Whether the machine has a Redis to start. */
export function hasRedisServer(): boolean {
  return spawnSync("redis-server", ["--version"]).status === 0
}

/** Starts a Redis that ends with `stack`. @throws where there is no `redis-server` to start */
export async function openRedis(stack: AsyncDisposableStack): Promise<RedisServer> {
  const port = await freePort()
  const url = `redis://127.0.0.1:${port}`
  let server: ChildProcess | undefined
  const kill = async () => {
    // SIGKILL ends a frozen one too.
    server?.kill("SIGKILL")
    if (server?.exitCode === null && server.signalCode === null) await once(server, "exit")
  }
  const start = async () => {
    const started = await spawnRedis(port)
    if (!started) throw new Error("There is no redis-server on the PATH; use --backend postgres.")
    server = started
    await untilReady(url)
  }
  const killAtExit = () => server?.kill("SIGKILL")
  process.on("exit", killAtExit)
  stack.defer(async () => {
    await kill()
    process.off("exit", killAtExit)
  })
  await start()
  return {
    url,
    kill,
    start,
    freeze: () => void server?.kill("SIGSTOP"),
    thaw: () => void server?.kill("SIGCONT"),
    flush: () => flush(url),
  }
}

async function flush(url: string): Promise<void> {
  const client = new Redis(url)
  try {
    await client.flushall()
  } finally {
    client.disconnect()
  }
}
