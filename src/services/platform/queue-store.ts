import {
  type ConnectionOptions,
  createPostgresBackend,
  Queue,
  runMigrations,
  Worker,
  withBackend,
} from "bullmq"
import type pg from "pg"
import { QUEUE_CONNECTIONS } from "../../config/limits.ts"
import type { Logger } from "../../config/logger.ts"
import { postgresOptions } from "../../config/postgres.ts"
import { CheckedPool } from "../../config/postgres-pool.ts"
import { connect, isCluster } from "../../config/redis-connection.ts"
import { TIMING, type Timing } from "../../config/timing.ts"

/** The store of the queues: Redis or, in embedded mode, PostgreSQL, where the queues of a process share a pool. */
export type QueueStore = { redisUrl: string } | { redisUrl: null; databaseUrl: string; pool: pg.Pool }

/**
 * Opens the store, and on PostgreSQL makes BullMQ's tables, which a queue needs before it is opened. Queues are closed
 * before their store.
 * @throws the database's error
 */
export async function openQueueStore(
  { redis, database }: { redis: { url: string | null }; database: { url: string } },
  timing: Timing["postgres"],
): Promise<QueueStore & { close(): Promise<void> }> {
  if (redis.url) return { redisUrl: redis.url, close: async () => undefined }
  await migrateQueues(database.url)
  const pool = createQueuePool(database.url, QUEUE_CONNECTIONS.queues, timing)
  return { redisUrl: null, databaseUrl: database.url, pool, close: () => pool.end() }
}

/** Makes and migrates BullMQ's tables, which are in a schema of their own. */
export async function migrateQueues(url: string): Promise<void> {
  const { Client, ...options } = postgresOptions(url)
  const client = new Client(options)
  await client.connect()
  try {
    await runMigrations(client)
  } finally {
    await client.end()
  }
}

/** BullMQ's classes on its PostgreSQL backend. */
export const OnPostgres = withBackend(createPostgresBackend)

/** Names BullMQ's key prefix. On a cluster its scripts need all keys of a queue in one slot, hence the braces. */
export function queuePrefix(redisUrl: string): string {
  return isCluster(redisUrl) ? "{bull}" : "bull"
}

/** Creates a pool for BullMQ, whose own pool wouldn't find the primary among several hosts. */
export function createQueuePool(
  url: string,
  max: number,
  { statementTimeoutMs, connectTimeoutMs }: Timing["postgres"],
): pg.Pool {
  // BullMQ's statements don't name the schema of its tables.
  const session = { statementTimeoutMs, connectTimeoutMs, searchPath: "bullmq" }
  return new CheckedPool({
    ...postgresOptions(url, session),
    max,
    keepAlive: true,
    connectionTimeoutMillis: connectTimeoutMs,
  }).on("error", () => undefined) // the next command reports it
}

interface QueueConnection {
  classes: { Queue: typeof Queue; Worker: typeof Worker }
  options: { connection: ConnectionOptions; prefix?: string }
  /** Resolves when the store takes a connection. BullMQ never recovers from a first one that was rejected. */
  connected(): Promise<void>
  close(): Promise<void>
}

/**
 * Opens what a queue or a worker needs of the store, and selects the BullMQ classes for it.
 * @param own on PostgreSQL, gives it a pool of so many connections. Without, it uses the queues' pool
 */
export function openQueueConnection(
  store: QueueStore,
  log: Logger,
  { maxRetriesPerRequest, own }: { maxRetriesPerRequest: number | null; own?: OwnPool },
): QueueConnection {
  if (store.redisUrl !== null) {
    const socketTimeout = TIMING.queue.silentMs
    const connection = connect(store.redisUrl, log, { maxRetriesPerRequest, socketTimeout })
    return {
      classes: { Queue, Worker },
      options: { connection, prefix: queuePrefix(store.redisUrl) },
      connected: async () => undefined, // ioredis reconnects by itself
      close: async () => connection.disconnect(),
    }
  }
  const opened = own && createQueuePool(store.databaseUrl, own.connections, own.timing)
  const pool = opened ?? borrow(store.pool)
  return {
    // Both backends have the same methods. Their types differ in the connection only.
    classes: OnPostgres as unknown as QueueConnection["classes"],
    options: { connection: pool as unknown as ConnectionOptions },
    connected: async () => (await pool.connect()).release(),
    close: async () => opened?.end(),
  }
}

interface OwnPool {
  connections: number
  timing: Timing["postgres"]
}

/** Lends a pool to BullMQ, which adds a listener for its errors for each queue and never removes one. */
export function borrow(pool: pg.Pool): pg.Pool {
  const { options } = pool
  const lent: Pick<pg.Pool, "connect" | "query" | "end" | "options"> & { on(): void } = {
    options,
    connect: pool.connect.bind(pool),
    query: pool.query.bind(pool),
    end: async () => undefined,
    // The next command reports it.
    on: () => undefined,
  }
  return lent as unknown as pg.Pool
}

/** Returns a handler for BullMQ's errors. The next command reports a failure, so these are for debugging only. */
export function logConnectionErrors(log: Logger) {
  return (err: Error) => log.debug({ err }, "queue connection lost")
}
