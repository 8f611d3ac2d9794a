import type { UserRecord } from "../../models/user.ts"
import { OtpInvalid } from "../../utils/errors.ts"
import type { Context } from "../context.ts"
import { CHECK_OTP, checkOtpValues } from "./check-otp.ts"
import { readMobileNumber } from "./mobile-number.ts"
import { openSessionSql, openSessionValues, type SignedIn, toSignedIn } from "./open-session.ts"
import type { Purpose } from "./otp-codes.ts"
import type { Device } from "./principal.ts"
import { personSql, personValues, recordSignUp } from "./prove-number.ts"

export interface VerifyOtp {
  mobileNumber: string
  otp: string
  purpose: Purpose | undefined
  device: Device
}

/**
 * Signs in with a one-time code, which makes a user of a sign-up. A code is valid once: of concurrent calls, one opens
 * a session. One statement does everything, the same for every number and code.
 * @throws {OtpInvalid} for a code that is wrong, used, expired or out of guesses, and for an unregistered number
 */
export async function verifyOtp(
  ctx: Context,
  { mobileNumber, otp, purpose, device }: VerifyOtp,
): Promise<SignedIn> {
  const number = readMobileNumber(mobileNumber, ctx.config.defaultRegion)
  const session = openSessionValues(ctx, "otp", device)
  const person = personValues(ctx, { mobileNumber: number, address: device.address })
  const checked = checkOtpValues(ctx.tokens, { mobileNumber: number, otp, purpose })
  const values = [...checked, ...person, ...session.values]
  const { rows } = await ctx.db.execute<UserRecord>("verify-otp", VERIFY_OTP, values)
  const [user] = rows
  if (!user) throw new OtpInvalid()
  recordSignUp(ctx, user.id, person)
  ctx.events.signedIn({ userId: user.id, sessionId: session.sessionId, by: "otp" })
  return toSignedIn(ctx, user, { sessionId: session.sessionId, generation: 0 })
}

const VERIFY_OTP = `
  WITH checked AS (${CHECK_OTP}), ${personSql(5)}, ${openSessionSql(8)}`
