import pg from "pg"
import { ConnectionLost } from "./postgres-client.ts"

/** A pool whose errors have codes: `pg-pool` gives none to a wait for a connection that took too long. */
export class CheckedPool extends pg.Pool {
  override connect(): Promise<pg.PoolClient>
  override connect(callback: Parameters<pg.Pool["connect"]>[0]): void
  override connect(callback?: Parameters<pg.Pool["connect"]>[0]): Promise<pg.PoolClient> | undefined {
    if (callback) {
      super.connect((error, client, done) => callback(error && named(error), client, done))
      return undefined
    }
    return super.connect().catch((error: unknown) => {
      throw named(error as Error)
    })
  }
}

function named(error: Error): Error {
  return (error as { code?: unknown }).code === undefined ? new ConnectionLost(error.message, error) : error
}
