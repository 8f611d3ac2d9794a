import type { Config } from "../../config/env.ts"
import type { Logger } from "../../config/logger.ts"
import type { Timing } from "../../config/timing.ts"
import { maskMobileNumber } from "../../utils/text.ts"
import { createTwilioSender } from "./twilio.ts"

export interface OutgoingCode {
  /** E.164. */
  mobileNumber: string
  code: string
}

/** Brings a code to its phone. Failures are logged, not thrown: who asked must not learn whether it went out. */
export interface OtpSender {
  send(outgoing: OutgoingCode): Promise<void>
}

export function createOtpSender(config: Config, { codeLifeMs }: Timing["otp"], log: Logger): OtpSender {
  switch (config.otp.delivery) {
    case "twilio":
      return createTwilioSender({ ...config.twilio, codeLifeMs }, log)
    case "log":
      return createLogSender(log)
    case "response":
      return { send: async () => {} }
  }
}

/**
 * For development: the log is the phone, so the code is meant to be read there. `devCode` is the one key under
 * which a secret is logged in clear.
 */
function createLogSender(log: Logger): OtpSender {
  return {
    async send({ mobileNumber, code }) {
      log.info({ to: maskMobileNumber(mobileNumber), devCode: code }, "one-time code")
    },
  }
}
