import pg from "pg"
import { Sequelize } from "sequelize"
import { SECOND } from "../utils/time.ts"
import type { Logger } from "./logger.ts"
import { postgresOptions } from "./postgres.ts"

/** Below Node's and every proxy's request timeout, so that a stuck statement fails before its client gives up. */
const STATEMENT_TIMEOUT_MS = 10 * SECOND

/** Sequelize, for models, and a plain `pg` pool, for prepared statements on hot paths. */
export interface Database {
  sequelize: Sequelize
  pool: pg.Pool
  close(): Promise<void>
}

/** With a timeout of its own, as the pool's is over once it is connected. */
const PLAN_ONCE = { text: "SET plan_cache_mode = force_generic_plan", query_timeout: 5 * SECOND }

/** Opens nothing yet: connections are made at the first query. `poolSize` bounds each of the two pools. */
export function createDatabase(url: string, poolSize: number, log: Logger): Database {
  const session = {
    statement_timeout: STATEMENT_TIMEOUT_MS,
    idle_in_transaction_session_timeout: STATEMENT_TIMEOUT_MS,
    keepAlive: true,
  }
  const { connectionString, Client } = postgresOptions(url)
  const sequelize = new Sequelize(connectionString, {
    dialect: "postgres",
    dialectModule: { ...pg, Client },
    logging: false,
    dialectOptions: session,
    pool: { max: poolSize, acquire: 10 * SECOND, idle: 30 * SECOND },
  })
  const pool = new pg.Pool({
    connectionString,
    Client,
    max: poolSize,
    connectionTimeoutMillis: 5 * SECOND,
    idleTimeoutMillis: 30 * SECOND,
    // Every statement scans ranges of indexes whatever its values are, so it is planned once. To plan it for the
    // values at hand would cost more than running it.
    onConnect: async (client) => void (await client.query(PLAN_ONCE)),
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
