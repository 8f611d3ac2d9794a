import { setImmediate } from "node:timers/promises"
import { SECOND } from "../../utils/time.ts"
import type { Context } from "../context.ts"
import { mayShowCodes } from "./code-visibility.ts"
import { checkSendable, prefixOf, readMobileNumber } from "./mobile-number.ts"
import { newCode, type Purpose } from "./otp-codes.ts"
import type { Principal } from "./principal.ts"

export interface RequestOtp {
  mobileNumber: string
  purpose: Purpose
  /** Who asks for a code to a number that isn't theirs yet. It is sent to any number. */
  holder?: Principal
  /** The client's IP address, normalized as for rate limits. */
  address: string
  /** The Host header, on which it depends whether the code may be in the response. */
  host: string | undefined
}

export interface OtpSent {
  /** Seconds until the code expires. */
  expiresIn: number
  /** Seconds until another code may be requested. */
  resendIn: number
  /** Set only where codes are delivered in the response. */
  otp?: string
}

/**
 * Creates a one-time code, which replaces the number's previous code of that purpose, and sends it if the number is
 * signed up. For an unknown number the work, the response and its time are the same.
 * @throws {InvalidRequest} for an invalid phone number, or a country that codes aren't sent to
 * @throws {RateLimited} when the last code was sent recently, or a daily limit is reached
 * @throws {Unavailable} when the database is too slow
 */
export async function requestOtp(
  ctx: Context,
  { mobileNumber, purpose, holder, address, host }: RequestOtp,
): Promise<OtpSent> {
  const { config } = ctx
  const number = readMobileNumber(mobileNumber, config.defaultRegion)
  checkSendable(number, config.otp.regions)
  const code = newCode()
  const hash = ctx.tokens.codes.hash({ mobileNumber: number, purpose, code, holder })
  const { resendIn, standing } = await ctx.codeBatches.replace({
    mobileNumber: number,
    purpose,
    hash,
    userId: holder?.userId ?? null,
    numberKey: ctx.tokens.numbers.key(number),
    address,
    range: prefixOf(number),
  })
  ctx.background.run("send one-time code", async () => {
    // After the response, so that its time doesn't show whether a code is sent.
    await setImmediate()
    if (standing !== "unknown") await ctx.otpSender.send({ mobileNumber: number, code })
  })
  const mayShow = mayShowCodes(config, host)
  if (config.otp.delivery === "response" && !mayShow)
    ctx.log.warn("code not shown: Host is neither localhost, an address nor PUBLIC_URL's")
  return {
    expiresIn: ctx.timing.otp.codeLifeMs / SECOND,
    resendIn,
    ...(mayShow ? { otp: code } : {}),
  }
}
