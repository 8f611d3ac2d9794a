import type pg from "pg"
import { inTransaction } from "../../config/database.ts"
import { RateLimited } from "../../utils/errors.ts"
import { DAY, MINUTE } from "../../utils/time.ts"
import type { Context } from "../context.ts"
import { type Counter, countUnit, secondsUntilFree, uncountUnit } from "../platform/counters.ts"

/** What a guess at a password is counted by. */
export interface LoginAttempt {
  /** E.164, whether or not anybody has it. */
  mobileNumber: string
  address: string
}

/**
 * From one address, and from all together: the first stops a person, the second a network of machines. The second
 * is the wider one because it also stops the owner, who can still sign in by a code.
 */
function countersOf({ mobileNumber, address }: LoginAttempt): Counter[] {
  return [
    {
      scope: "login_number_and_address",
      key: `${mobileNumber} ${address}`,
      limit: 10,
      windowMs: 15 * MINUTE,
      from: "first",
    },
    { scope: "login_number", key: mobileNumber, limit: 100, windowMs: DAY, from: "first" },
  ]
}

/**
 * Counts a guess before it is judged, so that guesses at the same time count too; `uncountLoginAttempt` takes a right
 * one off again. Kept in the database, unlike rate limits: it must hold across processes, restarts and a lost Redis,
 * and costs nothing beside bcrypt.
 * @throws {RateLimited}
 */
export async function countLoginAttempt(ctx: Context, attempt: LoginAttempt): Promise<void> {
  const counters = countersOf(attempt)
  await inTransaction(ctx.db.pool, async (client) => {
    if (!(await countUnit(client, counters))) throw new RateLimited(await secondsUntilFree(client, counters))
  })
}

/** Takes back what `countLoginAttempt` has counted for a guess that was right. */
export async function uncountLoginAttempt(db: pg.Pool | pg.ClientBase, attempt: LoginAttempt): Promise<void> {
  await uncountUnit(db, countersOf(attempt))
}
