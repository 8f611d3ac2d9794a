import pg from "pg"
import { Sequelize } from "sequelize"
import type { Logger } from "./logger.ts"
import { postgresOptions } from "./postgres.ts"
import type { Timing } from "./timing.ts"

/** Sequelize, for models, and a plain `pg` pool, for prepared statements on hot paths. */
export interface Database {
  sequelize: Sequelize
  pool: pg.Pool
  close(): Promise<void>
}

/** Opens nothing yet: connections are made at the first query. `poolSize` bounds each of the two pools. */
export function createDatabase(
  { url, poolSize }: { url: string; poolSize: number },
  timing: Timing["postgres"],
  log: Logger,
): Database {
  const session = {
    statement_timeout: timing.statementTimeoutMs,
    idle_in_transaction_session_timeout: timing.statementTimeoutMs,
    keepAlive: true,
  }
  const { connectionString, Client } = postgresOptions(url)
  const sequelize = new Sequelize(connectionString, {
    dialect: "postgres",
    dialectModule: { ...pg, Client },
    logging: false,
    dialectOptions: session,
    pool: { max: poolSize, acquire: timing.acquireTimeoutMs, idle: timing.idleConnectionMs },
  })
  const pool = new pg.Pool({
    connectionString,
    Client,
    max: poolSize,
    connectionTimeoutMillis: timing.connectTimeoutMs,
    idleTimeoutMillis: timing.idleConnectionMs,
    // Every statement scans ranges of indexes whatever its values are, so it is planned once. To plan it for the
    // values at hand would cost more than running it. With a timeout of its own, as the pool's is over by then.
    onConnect: async (client) =>
      void (await client.query({
        text: "SET plan_cache_mode = force_generic_plan",
        query_timeout: timing.connectTimeoutMs,
      } as pg.QueryConfig)),
    ...session,
  })
  // An idle connection that the server closes must not end the process; the next query opens another.
  pool.on("error", (err) => log.warn({ err }, "database connection lost"))
  return {
    sequelize,
    pool,
    async close() {
      await Promise.all([sequelize.close(), pool.end()])
    },
  }
}

/** Runs `work` in one transaction on one connection of `pool`. */
export async function inTransaction<T>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<T>,
): Promise<T> {
  const client = await pool.connect()
  // Lost between two statements, it says so by an event, which would end the process; the next statement fails too.
  const ignore = () => undefined
  client.on("error", ignore)
  let broken: unknown
  try {
    await client.query("BEGIN")
    const result = await work(client)
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
