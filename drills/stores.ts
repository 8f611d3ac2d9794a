import { once } from "node:events"
import { chmod, mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { startEmbeddedPostgres } from "../src/embedded/postgres/index.ts"
import { freePort, spawnRedis, untilReady } from "../tests/helpers/redis-server.ts"

export type Backend = "redis" | "postgres"

/** Where a cluster keeps what it keeps. */
export interface Stores {
  databaseUrl: string
  /** null: the queue is in PostgreSQL too. */
  redisUrl: string | null
}

/** A PostgreSQL of its own and, where asked for, a Redis. @throws where there is no `redis-server` to start */
export async function openStores(
  stack: AsyncDisposableStack,
  backend: Backend,
  folder: string,
): Promise<Stores> {
  // Each process holds up to 30 connections, and those of a killed one linger for a moment.
  const postgres = await startEmbeddedPostgres({ dataDir: folder, settings: { max_connections: "400" } })
  stack.defer(() => postgres.stop())
  return { databaseUrl: postgres.url, redisUrl: backend === "redis" ? await openRedis(stack) : null }
}

async function openRedis(stack: AsyncDisposableStack): Promise<string> {
  const port = await freePort()
  const server = await spawnRedis(port)
  if (!server) throw new Error("There is no redis-server on the PATH; use --backend postgres.")
  const killAtExit = () => server.kill("SIGKILL")
  process.on("exit", killAtExit)
  stack.defer(async () => {
    server.kill("SIGKILL")
    if (server.exitCode === null && server.signalCode === null) await once(server, "exit")
    process.off("exit", killAtExit)
  })
  const url = `redis://127.0.0.1:${port}`
  await untilReady(url)
  return url
}

/**
 * A folder that PostgreSQL's own account can walk through. It goes with `stack`; the logs in it stay where `isKept`
 * says so.
 */
export async function openFolder(stack: AsyncDisposableStack, isKept = () => false): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "drill-"))
  await chmod(folder, 0o755)
  stack.defer(async () => {
    const doomed = isKept() ? join(folder, "postgres") : folder
    await rm(doomed, { recursive: true, force: true, maxRetries: 5 })
  })
  return folder
}
