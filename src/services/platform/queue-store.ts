import { type ConnectionOptions, createPostgresBackend, Queue, Worker, withBackend } from "bullmq"
import type pg from "pg"
import type { Logger } from "../../config/logger.ts"
import { postgresOptions } from "../../config/postgres.ts"
import { CheckedPool } from "../../config/postgres-pool.ts"
import { connect, isCluster } from "../../config/redis-connection.ts"
import { TIMING, type Timing } from "../../config/timing.ts"

/** The store of the queues: Redis or, in embedded mode, PostgreSQL. */
export interface QueueStore {
  redisUrl: string | null
  databaseUrl: string
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

/** Connects to the store and selects the BullMQ classes for it. */
export function openQueueConnection(
  { redisUrl, databaseUrl }: QueueStore,
  log: Logger,
  { poolSize, maxRetriesPerRequest }: { poolSize: number; maxRetriesPerRequest: number | null },
  timing: Timing["postgres"] = TIMING.postgres,
): QueueConnection {
  if (redisUrl) {
    const socketTimeout = TIMING.queue.silentMs
    const connection = connect(redisUrl, log, { maxRetriesPerRequest, socketTimeout })
    return {
      classes: { Queue, Worker },
      options: { connection, prefix: queuePrefix(redisUrl) },
      connected: async () => undefined, // ioredis reconnects by itself
      close: async () => connection.disconnect(),
    }
  }
  const connection = createQueuePool(databaseUrl, poolSize, timing)
  return {
    // Both backends have the same methods. Their types differ in the connection only.
    classes: OnPostgres as unknown as QueueConnection["classes"],
    options: { connection: connection as unknown as ConnectionOptions },
    connected: async () => (await connection.connect()).release(),
    close: () => connection.end(),
  }
}

/** Returns a handler for BullMQ's errors. The next command reports a failure, so these are for debugging only. */
export function logConnectionErrors(log: Logger) {
  return (err: Error) => log.debug({ err }, "queue connection lost")
}
