import { chmod, mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { openPostgres, type PostgresServer } from "./postgres-process.ts"
import { openRedis, type RedisServer } from "./redis-server.ts"

export type Backend = "redis" | "postgres"

/** Where a cluster keeps what it keeps. */
export interface Stores {
  databaseUrl: string
  /** null: the queue is in PostgreSQL too. */
  redisUrl: string | null
  /** Where they may be hurt. */
  postgres?: PostgresServer
  redis?: RedisServer
}

/** A PostgreSQL of its own and, where asked for, a Redis. @throws where there is no `redis-server` to start */
export async function openStores(
  stack: AsyncDisposableStack,
  backend: Backend,
  folder: string,
): Promise<Stores> {
  const postgres = await openPostgres(stack, folder)
  const opened = { databaseUrl: postgres.url, postgres }
  if (backend === "postgres") return { ...opened, redisUrl: null }
  const redis = await openRedis(stack)
  return { ...opened, redisUrl: redis.url, redis }
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
    await rm(doomed, { recursive: true, force: true, maxRetries: 10 })
  })
  return folder
}
