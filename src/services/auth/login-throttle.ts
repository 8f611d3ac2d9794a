import type pg from "pg"
import { inTransaction } from "../../config/database.ts"
import { RateLimited } from "../../utils/errors.ts"
import { DAY, MINUTE } from "../../utils/time.ts"
import type { Context } from "../context.ts"

/** The keys by which the login throttle counts. */
export interface LoginAttempt {
  /** E.164, registered or not. */
  mobileNumber: string
  address: string
}

/**
 * Limits per number from one address, and from all addresses together. The first stops a single attacker, the second
 * a botnet. The second is wider because it also locks out the owner, who can still sign in with a one-time code.
 */
const LIMITS = [
  { scope: "number_and_address", limit: 10, windowMs: 15 * MINUTE },
  { scope: "number", limit: 100, windowMs: DAY },
] as const

/**
 * Counts a guess before it is judged, so that guesses at the same time count too; `refundGuess` takes a right one
 * off again. Kept in the database, unlike rate limits: it must hold across processes, restarts and a lost Redis,
 * and costs nothing beside bcrypt.
 * @throws {RateLimited}
 */
export async function countLoginAttempt(ctx: Context, guesser: LoginAttempt): Promise<void> {
  await inTransaction(ctx.db.pool, async (client) => {
    const { rowCount } = await client.query({
      name: "charge-password-guess",
      text: CHARGE,
      values: [
        LIMITS.map(({ scope }) => scope),
        keysOf(guesser),
        LIMITS.map(({ windowMs }) => windowMs),
        LIMITS.map(({ limit }) => limit),
      ],
    })
    if (rowCount !== LIMITS.length) throw new RateLimited(await secondsToWait(client, guesser))
  })
}

/** Takes back what `chargeGuess` has counted for a guess that was right. */
export async function uncountLoginAttempt(db: pg.Pool | pg.ClientBase, guesser: LoginAttempt): Promise<void> {
  await db.query({
    name: "refund-password-guess",
    text: REFUND,
    values: [LIMITS.map(({ scope }) => scope), keysOf(guesser)],
  })
}

function keysOf({ mobileNumber, address }: LoginAttempt): string[] {
  return [`${mobileNumber} ${address}`, mobileNumber]
}

/** All take the rows of a guess in one order, so that nobody waits in a circle. */
const CHARGE = `
  INSERT INTO password_guesses AS guesses (scope, key, window_ends_at)
  SELECT charge.scope, charge.key, now() + charge.window_ms * interval '1 millisecond'
  FROM unnest($1::text[], $2::text[], $3::float8[]) WITH ORDINALITY AS charge (scope, key, window_ms, place)
  ORDER BY charge.place
  ON CONFLICT (scope, key) DO UPDATE SET
    used = CASE WHEN guesses.window_ends_at <= now() THEN 1 ELSE guesses.used + 1 END,
    window_ends_at = CASE
      WHEN guesses.window_ends_at <= now() THEN excluded.window_ends_at ELSE guesses.window_ends_at
    END
  WHERE guesses.window_ends_at <= now()
    OR guesses.used < ($4::int[])[array_position($1::text[], guesses.scope)]
  RETURNING scope`

const REFUND = `
  UPDATE password_guesses AS guesses SET used = guesses.used - 1
  FROM (
    SELECT guess.scope, guess.key FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS guess (scope, key, place)
    JOIN password_guesses USING (scope, key)
    ORDER BY guess.place FOR UPDATE OF password_guesses
  ) AS mine
  WHERE guesses.scope = mine.scope AND guesses.key = mine.key AND guesses.used > 0`

async function secondsToWait(client: pg.ClientBase, guesser: LoginAttempt): Promise<number> {
  const { rows } = await client.query<{ seconds: number }>(
    `SELECT max(extract(epoch FROM window_ends_at - now()))::float8 AS seconds FROM password_guesses
     WHERE (scope, key, true) IN (
       SELECT guess.scope, guess.key, password_guesses.used >= guess.allowed
       FROM unnest($1::text[], $2::text[], $3::int[]) AS guess (scope, key, allowed)
     )`,
    [LIMITS.map(({ scope }) => scope), keysOf(guesser), LIMITS.map(({ limit }) => limit)],
  )
  return rows[0]?.seconds ?? 1
}
