import type pg from "pg"
import type { Context } from "../context.ts"

/** Matches subscriptions that began, which is what a trial is for. */
const BEGAN = "status NOT IN ('incomplete', 'incomplete_expired')"

/**
 * Checks whether the user, or a deleted account of the same number, ever had a subscription that began: only a first
 * subscription gets a trial.
 */
export async function hadSubscription(
  ctx: Context,
  customer: { id: string; userId: string },
): Promise<boolean> {
  const numbers = await ctx.db.execute<{ number: string }>("number-of-payer", NUMBER, [customer.userId])
  const hashes = numbers.rows.flatMap(({ number }) => ctx.tokens.numbers.hashes(number))
  const { rows } = await ctx.db.execute<{ had: boolean }>("had-subscription", HAD, [customer.id, hashes])
  return rows[0]?.had === true
}

const NUMBER = "SELECT mobile_number AS number FROM users WHERE id = $1 AND mobile_number IS NOT NULL"

const HAD = `
  SELECT EXISTS (SELECT 1 FROM subscriptions WHERE customer_id = $1 AND ${BEGAN})
    OR EXISTS (SELECT 1 FROM trials_of_numbers WHERE number_hash = ANY ($2::bytea[])) AS had`

/** Keeps the hash of a deleted user's number if a trial isn't theirs any more. Nothing else of the user is kept. */
export async function keepTrial(
  client: pg.ClientBase,
  { userId, numberHash }: { userId: string; numberHash: Buffer },
): Promise<void> {
  await client.query(
    `INSERT INTO trials_of_numbers (number_hash)
     SELECT $2 WHERE EXISTS (
       SELECT 1 FROM subscriptions AS s JOIN billing_customers AS c ON c.id = s.customer_id
       WHERE c.user_id = $1 AND s.${BEGAN}
     )
     ON CONFLICT (number_hash) DO UPDATE SET kept_at = excluded.kept_at`,
    [userId, numberHash],
  )
}

/**
 * Ties a trial to a new number of the user's: a number that has had its trial passes that on, and the old one keeps that
 * the user has had one.
 * @param from the hashes of the old number by every key, the newest first; `to` those of the new one
 */
export async function moveTrial(
  client: pg.ClientBase,
  { userId, from, to }: { userId: string; from: readonly Buffer[]; to: readonly Buffer[] },
): Promise<void> {
  await keepTrial(client, { userId, numberHash: from[0] as Buffer })
  await client.query(
    `INSERT INTO trials_of_numbers (number_hash)
     SELECT $2 WHERE EXISTS (SELECT 1 FROM trials_of_numbers WHERE number_hash = ANY ($1::bytea[]))
     ON CONFLICT (number_hash) DO NOTHING`,
    [from, to[0]],
  )
}
