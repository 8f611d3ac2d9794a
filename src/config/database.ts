import type { Duplex } from "node:stream"
import pg from "pg"
import type { TextRow } from "../utils/text-rows.ts"
import { withTimeout } from "../utils/with-timeout.ts"
import type { Logger } from "./logger.ts"
import { postgresOptions } from "./postgres.ts"
import { CheckedPool } from "./postgres-pool.ts"
import { ONE_PLAN, type Pooler } from "./postgres-session.ts"
import { AS_TEXT, TYPES } from "./postgres-types.ts"
import type { Timing } from "./timing.ts"

/** The connections of a process, for all of its statements. */
export interface Database {
  pool: pg.Pool
  /** Runs a prepared statement on the pool. Each connection parses it once and then knows it by `name`. */
  execute<R extends pg.QueryResultRow>(
    name: string,
    text: string,
    values?: unknown[],
  ): Promise<pg.QueryResult<R>>
  /** The same, with values as PostgreSQL writes them: for pages that are sent on as text. */
  executeAsText(name: string, text: string, values?: unknown[]): Promise<TextRow[]>
  close(): Promise<void>
}

/** Creates the pool, with at most `poolSize` connections, which open at the first query. */
export function createDatabase(
  { url, poolSize, pooler }: { url: string; poolSize: number; pooler?: Pooler },
  timing: Timing["postgres"],
  log: Logger,
): Database {
  const { statementTimeoutMs, connectTimeoutMs, idleConnectionMs } = timing
  const session = { pooler, statementTimeoutMs, connectTimeoutMs }
  const pool = new CheckedPool({
    ...postgresOptions(url, { ...session, settings: ONE_PLAN }),
    types: TYPES,
    // For `inOneTrip`. Statements that are awaited one by one are sent one by one.
    pipeline: true,
    max: poolSize,
    connectionTimeoutMillis: connectTimeoutMs,
    idleTimeoutMillis: idleConnectionMs,
  })
  // Without a listener, an idle connection that the server closes would end the process. The next query opens another.
  pool.on("error", (err) => log.warn({ err }, "database connection lost"))
  return {
    pool,
    execute(name, text, values) {
      return this.pool.query({ name, text, values })
    },
    async executeAsText(name, text, values = []) {
      const query = { name, text, values, rowMode: "array", types: AS_TEXT } as const
      return (await this.pool.query<(string | null)[]>(query)).rows
    },
    close: () => pool.end(),
  }
}

/**
 * Sends statements without waiting for one another's results: they run in their order on one connection, and take one
 * round trip in all. Each sees what those before it have written, and what others had committed when it began.
 * @param isAtomic whether they are one transaction; otherwise each is one of its own
 * @returns their results @throws the first error
 */
export async function inOneTrip(
  pool: pg.Pool,
  statements: readonly pg.QueryConfig[],
  { isAtomic }: { isAtomic: boolean },
): Promise<pg.QueryResult[]> {
  const client = await pool.connect()
  const ignore = () => undefined
  client.on("error", ignore)
  let isBroken = true
  try {
    // Where a statement fails those after it are refused, and COMMIT rolls back.
    const all = isAtomic ? [BEGIN, ...statements, COMMIT] : statements
    const outcomes = await Promise.allSettled(sendAll(client, all))
    const last = outcomes.at(-1)
    isBroken = last?.status === "rejected" && !(last.reason instanceof pg.DatabaseError)
    const results = outcomes.map((outcome) => {
      if (outcome.status === "rejected") throw outcome.reason
      return outcome.value
    })
    return isAtomic ? results.slice(1, -1) : results
  } finally {
    client.off("error", ignore)
    client.release(isBroken)
  }
}

const BEGIN = { text: "BEGIN" }
const COMMIT = { text: "COMMIT" }

const streamOf = (client: pg.PoolClient) =>
  (client as unknown as { connection: { stream: Duplex } }).connection.stream

/** In one piece, which `pg` would otherwise send statement by statement. */
function sendAll(client: pg.PoolClient, statements: readonly pg.QueryConfig[]): Promise<pg.QueryResult>[] {
  const stream = streamOf(client)
  stream.cork()
  try {
    return statements.map((statement) => client.query(statement))
  } finally {
    stream.uncork()
  }
}

/**
 * Runs a statement whose answer has to come within `ms` of this process's time (`withTimeout`): pg's own `query_timeout`
 * ends what was answered while the process stood still. After that its connection is cut, since the answer may still
 * come. The wait for a connection is the pool's.
 * @throws a TimeoutError, or what `pg` throws
 */
export async function queryWithin<R extends pg.QueryResultRow>(
  pool: pg.Pool,
  ms: number,
  statement: pg.QueryConfig,
): Promise<pg.QueryResult<R>> {
  const client = await pool.connect()
  const ignore = () => undefined
  client.on("error", ignore)
  let isBroken = false
  try {
    return await withTimeout(ms, client.query<R>(statement))
  } catch (error) {
    isBroken = !(error instanceof pg.DatabaseError)
    // Its end would wait for the answer.
    if (isBroken) streamOf(client).destroy()
    throw error
  } finally {
    client.off("error", ignore)
    client.release(isBroken)
  }
}

/** Runs `work` in one transaction on one connection of `pool`. */
export async function inTransaction<T>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<T>,
): Promise<T> {
  const client = await pool.connect()
  // A connection lost between two statements emits an event that would end the process. The next statement fails
  // anyway.
  const ignore = () => undefined
  client.on("error", ignore)
  let broken: unknown
  try {
    // With the first statement, in one trip: it fails only with its connection.
    const begun = client.query("BEGIN")
    begun.catch(() => undefined)
    const result = await work(client)
    await begun
    await client.query("COMMIT")
    return result
  } catch (error) {
    await client.query("ROLLBACK").catch((rollbackError: unknown) => {
      broken = rollbackError
    })
    throw error
  } finally {
    client.off("error", ignore)
    client.release(broken !== undefined)
  }
}
