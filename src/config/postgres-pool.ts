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

  /** The pool passes on what its connection emits, before the connection's own answer. */
  override query(...given: unknown[]): never {
    const args = given as [pg.QueryConfig]
    const callback = given.at(-1)
    if (typeof callback === "function") {
      given[given.length - 1] = (error: Error | undefined, result: unknown) =>
        callback(error && lost(error), result)
      return super.query(...args) as never
    }
    const answer: Promise<unknown> = super.query(...args)
    return answer.catch((error: unknown) => {
      throw lost(error as Error)
    }) as never
  }
}

/** Gives a code to what `pg` says of a connection that broke: a plain error. A `TypeError` is a bug of the caller. */
function lost(error: Error): Error {
  return error.name === "Error" ? named(error) : error
}

function named(error: Error): Error {
  return (error as { code?: unknown }).code === undefined ? new ConnectionLost(error.message, error) : error
}
