import { chmod, mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { openPostgres, type PostgresServer } from "./postgres-process.ts"
import { openRedis, type RedisServer } from "./redis-server.ts"
import { openStandby, PRIMARY_SETTINGS, type Replication, STANDBY_FOLDER, type Standby } from "./standby.ts"
import { type StoreProxy, startProxy } from "./store-proxy.ts"

export type Backend = "redis" | "postgres"

/** Where a cluster keeps what it keeps. */
export interface Stores {
  databaseUrl: string
  /** null: the queue is in PostgreSQL too. */
  redisUrl: string | null
  /** Where they may be hurt. */
  postgres?: PostgresServer
  redis?: RedisServer
  /** What stands between the processes and their stores. */
  proxies?: StoreProxy[]
  standby?: Standby
}

/** A PostgreSQL of its own and, where asked for, a Redis. @throws where there is no `redis-server` to start */
export async function openStores(
  stack: AsyncDisposableStack,
  backend: Backend,
  folder: string,
  settings: Record<string, string> = {},
): Promise<Stores & { postgres: PostgresServer }> {
  const postgres = await openPostgres(stack, folder, settings)
  const opened = { databaseUrl: postgres.url, postgres }
  if (backend === "postgres") return { ...opened, redisUrl: null }
  const redis = await openRedis(stack, "--dir", folder)
  return { ...opened, redisUrl: redis.url, redis }
}

/** The same, behind proxies. */
export async function openProxiedStores(
  stack: AsyncDisposableStack,
  backend: Backend,
  folder: string,
): Promise<Stores> {
  const stores = await openStores(stack, backend, folder)
  const proxies: StoreProxy[] = []
  const proxied = async (url: string) => {
    const proxy = await startProxy(url)
    stack.defer(() => proxy.close())
    proxies.push(proxy)
    return proxy.url
  }
  const databaseUrl = await proxied(stores.databaseUrl)
  const redisUrl = stores.redisUrl === null ? null : await proxied(stores.redisUrl)
  return { ...stores, databaseUrl, redisUrl, proxies }
}

/** The same with a standby, which every process knows as the other host of the database. */
export async function openReplicatedStores(
  stack: AsyncDisposableStack,
  backend: Backend,
  folder: string,
  replication: Replication,
): Promise<Stores & { postgres: PostgresServer; standby: Standby }> {
  const stores = await openStores(stack, backend, folder, PRIMARY_SETTINGS)
  const standby = await openStandby(stack, { primary: stores.postgres, folder, replication })
  const { host } = new URL(stores.databaseUrl)
  const databaseUrl = stores.databaseUrl.replace(host, `${host},127.0.0.1:${standby.port}`)
  return { ...stores, databaseUrl, standby }
}

/**
 * A folder that PostgreSQL's own account can walk through. It goes with `stack`; the logs in it stay where `isKept`
 * says so.
 */
export async function openFolder(stack: AsyncDisposableStack, isKept = () => false): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "drill-"))
  await chmod(folder, 0o755)
  stack.defer(async () => {
    const doomed = isKept() ? [join(folder, "postgres"), join(folder, STANDBY_FOLDER)] : [folder]
    for (const each of doomed) await rm(each, { recursive: true, force: true, maxRetries: 10 })
  })
  return folder
}
