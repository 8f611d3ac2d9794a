import { newId } from "../../utils/ids.ts"
import type { Context } from "../context.ts"

/**
 * Returns the CTE `person`: the user whose number the CTE `checked` (`CHECK_OTP`, $1 is the number) has just proven.
 * There is none for a suspended user and for a number that nobody signed up. Without a user yet, one is made of the
 * sign-up that came from the same address as the code, otherwise of the first. `begin_usage` takes over what an account
 * of the same number, deleted today, has used of the quota. The parameters from `$first` on are `personValues`.
 */
export function personSql(first: number): string {
  return `claim AS (
    SELECT name FROM sign_ups WHERE mobile_number = $1
    ORDER BY address = $${first + 1} DESC, signed_up_at LIMIT 1
  ), person AS (
    INSERT INTO users AS known (id, mobile_number, name, verified_at)
    SELECT $${first}::uuid, proven.mobile_number, claim.name, now()
    FROM (SELECT mobile_number FROM checked WHERE hit LIMIT 1) AS proven LEFT JOIN claim ON true
    WHERE EXISTS (SELECT FROM claim) OR EXISTS (SELECT FROM users WHERE users.mobile_number = $1)
    ON CONFLICT (mobile_number) DO UPDATE SET verified_at = coalesce(known.verified_at, now())
    WHERE known.suspended_at IS NULL
    RETURNING known.*, begin_usage(known.id, $${first + 2}::bytea[]) IS NULL AS has_begun
  ), settled AS (
    DELETE FROM sign_ups USING person WHERE sign_ups.mobile_number = person.mobile_number
  )`
}

/** @param from the number to be proven, in E.164, and where the code comes from, normalized as for rate limits */
export function personValues(
  { tokens }: Pick<Context, "tokens">,
  { mobileNumber, address }: { mobileNumber: string; address: string },
): [newUserId: string, address: string, numberHashes: Buffer[]] {
  return [newId(), address, tokens.numbers.hashes(mobileNumber)]
}

/** Records the sign-up of a user that `personSql` has made. */
export function recordSignUp(
  ctx: Context,
  userId: string,
  [newUserId]: ReturnType<typeof personValues>,
): void {
  if (userId === newUserId) ctx.events.signedUp({ userId })
}
