import type pg from "pg"
import { inTransaction } from "../../config/database.ts"
import { RateLimited } from "../../utils/errors.ts"
import { DAY, MINUTE } from "../../utils/time.ts"
import type { Context } from "../context.ts"
import { type Counter, countUnit, secondsUntilFree, uncountUnit } from "../platform/counters.ts"

/** The keys by which the login throttle counts. */
export interface LoginAttempt {
  /** E.164, registered or not. */
  mobileNumber: string
  address: string
}

/**
 * Limits per number from one address, per number from all addresses together, and per address. The first stops a single
 * attacker, the second a botnet, the third one who tries a few passwords on many numbers. The wider ones also lock out
 * others, who can still sign in with a one-time code.
 */
function countersOf(ctx: Context, { mobileNumber, address }: LoginAttempt): Counter[] {
  const number = ctx.tokens.numbers.key(mobileNumber)
  const perAddress = Math.ceil(100 * ctx.config.rateLimitScale)
  return [
    {
      scope: "login_number_and_address",
      key: `${number} ${address}`,
      limit: 10,
      windowMs: 15 * MINUTE,
      from: "first",
    },
    { scope: "login_number", key: number, limit: 100, windowMs: DAY, from: "first" },
    { scope: "login_address", key: address, limit: perAddress, windowMs: 15 * MINUTE, from: "first" },
  ]
}

/**
 * Counts an attempt before its password is checked, so that concurrent attempts count too. Call `uncountLoginAttempt`
 * after a correct password. Unlike rate limits, the counts are in the database: they must survive restarts and the loss
 * of Redis, and they cost little compared with bcrypt.
 * @throws {RateLimited}
 */
export async function countLoginAttempt(ctx: Context, attempt: LoginAttempt): Promise<void> {
  const counters = countersOf(ctx, attempt)
  await inTransaction(ctx.db.pool, async (client) => {
    if (!(await countUnit(client, counters))) throw new RateLimited(await secondsUntilFree(client, counters))
  })
}

/** Takes back what `countLoginAttempt` counted, after a correct password. */
export async function uncountLoginAttempt(
  ctx: Context,
  db: pg.Pool | pg.ClientBase,
  attempt: LoginAttempt,
): Promise<void> {
  await uncountUnit(db, countersOf(ctx, attempt))
}
