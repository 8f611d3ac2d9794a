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

/** Sends a code to its phone. Failures are logged, not thrown: the client must not learn whether it was sent. */
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
 * Writes codes to the log, for development. `devCode` is the only key under which a secret is logged in clear.
 */
function createLogSender(log: Logger): OtpSender {
  return {
    async send({ mobileNumber, code }) {
      log.info({ to: maskMobileNumber(mobileNumber), devCode: code }, "one-time code")
    },
  }
}
