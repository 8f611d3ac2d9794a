import { readCode } from "./mobile-number.ts"
import { MAX_WRONG_GUESSES, type Purpose, SIGN_IN_PURPOSES } from "./otp-codes.ts"
import type { Principal } from "./principal.ts"
import type { Tokens } from "./tokens.ts"

export interface OtpAttempt {
  /** E.164. */
  mobileNumber: string
  otp: string
  /** undefined accepts any code that may sign in. */
  purpose: Purpose | undefined
  holder?: Principal
}

/**
 * Checks a code with one update of the number's live codes: a code that matches is consumed, the others count a wrong
 * guess. The row lock serializes concurrent requests, so a code is consumed once, counts at most five wrong guesses,
 * and a wrong guess never invalidates a correct one.
 * Returns a row with `hit` for each live code. $1 to $4 are `checkOtpValues`.
 */
export const CHECK_OTP = `
  UPDATE one_time_codes SET
    consumed_at = CASE WHEN code_hash = ANY ($3::bytea[]) THEN app_now() END,
    wrong_guesses = wrong_guesses + CASE WHEN code_hash = ANY ($3::bytea[]) THEN 0 ELSE 1 END
  WHERE mobile_number = $1 AND purpose = ANY ($2::text[])
    AND consumed_at IS NULL AND expires_at > app_now() AND wrong_guesses < $4
  RETURNING mobile_number, consumed_at IS NOT NULL AS hit`

export function checkOtpValues(
  tokens: Tokens,
  { mobileNumber, otp, purpose, holder }: OtpAttempt,
): unknown[] {
  const purposes = purpose ? [purpose] : SIGN_IN_PURPOSES
  const code = readCode(otp)
  // The hash covers the purpose, so it can't match a row of another purpose.
  const hashes = purposes.flatMap((each) =>
    tokens.codes.hashes({ mobileNumber, purpose: each, code, holder }),
  )
  return [mobileNumber, purposes, hashes, MAX_WRONG_GUESSES]
}
