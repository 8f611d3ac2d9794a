import { z } from "zod"
import type { Config } from "../../config/env.ts"
import type { Logger } from "../../config/logger.ts"
import type { Timing } from "../../config/timing.ts"
import { parseJson } from "../../utils/json.ts"
import { maskMobileNumber } from "../../utils/text.ts"
import { MINUTE } from "../../utils/time.ts"
import type { OtpSender, OutgoingCode } from "./otp-sender.ts"

/** The error codes that tell whose fault it is (https://www.twilio.com/docs/api/errors). */
const REASONS: Record<number, string> = {
  20003: "credentials",
  20429: "carrier_busy",
  21211: "not_a_number",
  21408: "region_not_enabled",
  21608: "trial_account",
  21610: "opted_out",
}

/** Faults of our account: nobody can sign in until an operator fixes them. */
const OUR_FAULTS = ["credentials", "region_not_enabled", "trial_account"]

const TwilioError = z.object({ code: z.number().int() })

/** The account's settings, and how long a code is valid. */
type Twilio = Config["twilio"] & Pick<Timing["otp"], "codeLifeMs">

type Outcome =
  | { sent: true }
  | { sent: false; reason: string; retry: boolean; status?: number; code?: number; err?: unknown }

/**
 * Sends codes by Twilio's Messages resource (https://www.twilio.com/docs/messaging/api/message-resource). Retries once
 * when Twilio fails or can't be reached, but not after a timeout, when the message may already be on its way.
 */
export function createTwilioSender(twilio: Twilio, log: Logger): OtpSender {
  return {
    async send(outgoing) {
      const first = await post(twilio, outgoing)
      const last = !first.sent && first.retry ? await post(twilio, outgoing) : first
      if (!last.sent) report(log, outgoing, last)
    },
  }
}

async function post(twilio: Twilio, outgoing: OutgoingCode): Promise<Outcome> {
  try {
    const response = await fetch(messagesUrl(twilio), {
      method: "POST",
      headers: { Authorization: `Basic ${btoa(`${twilio.accountSid}:${twilio.authToken}`)}` },
      body: new URLSearchParams({
        ...senderOf(twilio),
        To: outgoing.mobileNumber,
        Body: textOf(outgoing.code, twilio.codeLifeMs),
      }),
      redirect: "error",
      signal: AbortSignal.timeout(twilio.timeoutMs),
    })
    return toOutcome(response.status, await response.text())
  } catch (err) {
    const isTimeout = err instanceof Error && err.name === "TimeoutError"
    return { sent: false, reason: isTimeout ? "timeout" : "unreachable", retry: !isTimeout, err }
  }
}

function messagesUrl({ baseUrl, accountSid }: Config["twilio"]): URL {
  return new URL(`/2010-04-01/Accounts/${encodeURIComponent(accountSid)}/Messages.json`, baseUrl)
}

/** A sender is a phone number or a messaging service that chooses one. */
function senderOf({ from }: Config["twilio"]): Record<string, string> {
  return from.startsWith("MG") ? { MessagingServiceSid: from } : { From: from }
}

function textOf(code: string, lifeMs: number): string {
  return `${code} is your code. It expires in ${lifeMs / MINUTE} minutes. Never share it with anyone.`
}

function toOutcome(status: number, body: string): Outcome {
  if (status >= 200 && status < 300) return { sent: true }
  const code = TwilioError.safeParse(parseJson(body)).data?.code
  const reason = (code !== undefined && REASONS[code]) || (status >= 500 ? "carrier_failed" : "refused")
  return { sent: false, reason, retry: status >= 500, status, code }
}

/** Logs a failure without Twilio's message, which quotes the phone number. */
function report(log: Logger, { mobileNumber }: OutgoingCode, outcome: Outcome & { sent: false }): void {
  const { reason, status, code, err } = outcome
  const fields = { to: maskMobileNumber(mobileNumber), reason, status, twilioCode: code, err }
  if (OUR_FAULTS.includes(reason)) log.error(fields, "one-time code not sent")
  else log.warn(fields, "one-time code not sent")
}
