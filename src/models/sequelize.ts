import pg from "pg"
import { Sequelize } from "sequelize"
import { TYPES } from "../config/postgres-types.ts"

/**
 * Creates a Sequelize for statements of their own: each runs on `pool`, with the settings of its sessions. It has no
 * connections and nothing to close.
 */
export function createSequelize(pool: pg.Pool): Sequelize {
  const sequelize = new Sequelize({ dialect: "postgres", logging: false })
  const connection = { query: (text: string, ...rest: Rest) => query(pool, text, rest) }
  return Object.assign(sequelize, {
    connectionManager: Object.assign(sequelize.connectionManager, {
      getConnection: async () => connection,
      releaseConnection: () => undefined,
    }),
    // Its statements would go to one connection or another.
    transaction() {
      throw new Error("Transactions are for inTransaction, with statements written by hand.")
    },
  })
}

type Callback = (error: Error, result: pg.QueryResult) => void
type Rest = [values: unknown[], callback: Callback] | [callback: Callback]

function query(pool: pg.Pool, text: string, rest: Rest): void {
  const [values, callback] = rest.length === 2 ? rest : [[], ...rest]
  pool.query({ text, values, types }, callback)
}

/** Sequelize takes a date as it is written. */
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid, format) =>
    oid === pg.types.builtins.DATE ? (text: string) => text : TYPES.getTypeParser(oid, format),
}
