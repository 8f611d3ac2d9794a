import type { Config } from "../../config/env.ts"
import { DAY } from "../../utils/time.ts"

/** How far a number is known. Anybody can sign up any number; codes are sent to both kinds, but not to unknown ones. */
export type Standing = "verified" | "signed_up" | "unknown"

/** A number that isn't verified may use this part of its range's and the service's codes. The rest is kept for users. */
const NEW_SHARE = 1 / 2

/** One address may use this part of a range's codes for numbers that aren't verified. */
const ADDRESS_SHARE_OF_RANGE = 1 / 10

/**
 * Returns a query of the daily limits (UTC) that each code of the CTE `known` counts against: of its number, the client's
 * address, the number's range and the whole service. The parameters from `$first` on are `budgetValues`.
 *
 * Every code has the same counters, so that the time is the same, too. An unknown number is refused where one that was
 * signed up would be, but of range and total it uses up nothing. Verified numbers have a share of their own: once the
 * others' is used up, the answers tell the two apart, as a sign-up's 409 does.
 *
 * `rank` is the order in which counters are locked, so that no deadlock occurs; what most codes share comes last.
 */
export function budgetsSql(first: number): string {
  const [perNumber, perAddress, perAddressInRange, perRangeNew, perRange, totalNew, total] = Array.from(
    { length: 7 },
    (_, n) => `$${first + n}::int`,
  )
  return `
    SELECT n, rank, scope, key, CASE WHEN applies THEN allowed ELSE ${NO_LIMIT} END AS allowed,
      CASE WHEN applies AND (always OR signed_up) THEN 1 ELSE 0 END AS units
    FROM known, LATERAL (VALUES
      (1, 'otp_number', number_key, ${perNumber}, true, true),
      (2, 'otp_user', user_id::text, ${perNumber}, true, true),
      (3, 'otp_address_users', address, ${perAddress}, verified, true),
      (4, 'otp_address_range', address || ' ' || range, ${perAddressInRange}, NOT verified, true),
      (5, 'otp_address', address, ${perAddress}, NOT verified, true),
      (6, 'otp_prefix_new', range, ${perRangeNew}, NOT verified, false),
      (7, 'otp_prefix', range, ${perRange}, true, false),
      (8, 'otp_total_new', '', ${totalNew}, NOT verified, false),
      (9, 'otp_total', '', ${total}, true, false)
    ) AS budget (rank, scope, key, allowed, applies, always)
    WHERE key IS NOT NULL`
}

const NO_LIMIT = 2 ** 31 - 1

/** Counts begin anew at midnight. */
export const BUDGET_WINDOW_MS = DAY

export function budgetValues({ perNumber, perPrefix, perAddress, total }: Config["otp"]["daily"]): number[] {
  return [
    perNumber,
    perAddress,
    Math.ceil(perPrefix * ADDRESS_SHARE_OF_RANGE),
    Math.ceil(perPrefix * NEW_SHARE),
    perPrefix,
    Math.ceil(total * NEW_SHARE),
    total,
  ]
}
