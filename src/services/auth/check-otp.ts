import { readCode } from "./mobile-number.ts"
import { MAX_WRONG_GUESSES, PURPOSES, type Purpose } from "./otp-codes.ts"
import type { Tokens } from "./tokens.ts"

export interface Guess {
  /** E.164. */
  mobileNumber: string
  otp: string
  /** Without one, the code of any purpose serves. */
  purpose: Purpose | undefined
}

/**
 * Judges a guess in one update of the number's live codes: the one that it is right for is used up, the others
 * count a wrong guess. The lock of the row makes guesses queue: a code is used once and judged wrong five times at
 * most, however many come at once, and one that is wrong never spoils one that is right.
 * Returns a row per live code with `hit`; parameters are those of `judgeCodeValues`, $1 to $4.
 */
export const CHECK_OTP = `
  UPDATE one_time_codes SET
    consumed_at = CASE WHEN code_hash = ANY ($3::bytea[]) THEN app_now() END,
    wrong_guesses = wrong_guesses + CASE WHEN code_hash = ANY ($3::bytea[]) THEN 0 ELSE 1 END
  WHERE mobile_number = $1 AND purpose = ANY ($2::text[])
    AND consumed_at IS NULL AND expires_at > app_now() AND wrong_guesses < $4
  RETURNING mobile_number, consumed_at IS NOT NULL AS hit`

export function checkOtpValues(tokens: Tokens, { mobileNumber, otp, purpose }: Guess): unknown[] {
  const purposes = purpose ? [purpose] : PURPOSES
  const code = readCode(otp)
  // The purpose is in the hash, so a hash fits no row of another purpose.
  const hashes = purposes.flatMap((each) => tokens.codes.hashes({ mobileNumber, purpose: each, code }))
  return [mobileNumber, purposes, hashes, MAX_WRONG_GUESSES]
}
