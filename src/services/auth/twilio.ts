import { z } from "zod"
import type { Config } from "../../config/env.ts"
import type { Logger } from "../../config/logger.ts"
import type { Timing } from "../../config/timing.ts"
import { maskMobileNumber } from "../../utils/text.ts"
import { MINUTE } from "../../utils/time.ts"
import type { OtpSender, OutgoingCode } from "./otp-sender.ts"

/** https://www.twilio.com/docs/api/errors: those that say whose fault it is. */
const REASONS: Record<number, string> = {
  20003: "credentials",
  20429: "carrier_busy",
  21211: "not_a_number",
  21408: "region_not_enabled",
  21608: "trial_account",
  21610: "opted_out",
}

/** Nobody can sign in until somebody looks at these. */
const OURS = ["credentials", "region_not_enabled", "trial_account"]

const Refusal = z.object({ code: z.number().int() })

/** The account, and how long a code is good for. */
type Twilio = Config["twilio"] & Pick<Timing["otp"], "codeLifeMs">

type Outcome =
  | { sent: true }
  | { sent: false; reason: string; again: boolean; status?: number; code?: number; err?: unknown }

/**
 * Sends codes by Twilio's Messages resource (https://www.twilio.com/docs/messaging/api/message-resource). Tries
 * once more when Twilio has trouble or can't be reached, not after a timeout: the message may be on its way.
 */
export function createTwilioSender(twilio: Twilio, log: Logger): OtpSender {
  return {
    async send(outgoing) {
      const first = await post(twilio, outgoing)
      const last = !first.sent && first.again ? await post(twilio, outgoing) : first
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
    const timeout = err instanceof Error && err.name === "TimeoutError"
    return { sent: false, reason: timeout ? "timeout" : "unreachable", again: !timeout, err }
  }
}

function messagesUrl({ baseUrl, accountSid }: Config["twilio"]): URL {
  return new URL(`/2010-04-01/Accounts/${encodeURIComponent(accountSid)}/Messages.json`, baseUrl)
}

/** A sender is a number, or a service that chooses one. */
function senderOf({ from }: Config["twilio"]): Record<string, string> {
  return from.startsWith("MG") ? { MessagingServiceSid: from } : { From: from }
}

function textOf(code: string, lifeMs: number): string {
  return `${code} is your code. It is good for ${lifeMs / MINUTE} minutes. Never give it to anybody.`
}

function toOutcome(status: number, body: string): Outcome {
  if (status >= 200 && status < 300) return { sent: true }
  const code = readCodeOf(body)
  const reason = (code !== undefined && REASONS[code]) || (status >= 500 ? "carrier_failed" : "refused")
  return { sent: false, reason, again: status >= 500, status, code }
}

function readCodeOf(body: string): number | undefined {
  try {
    return Refusal.safeParse(JSON.parse(body)).data?.code
  } catch {
    return undefined
  }
}

/** Twilio's own message isn't logged: it quotes the number. */
function report(log: Logger, { mobileNumber }: OutgoingCode, outcome: Outcome & { sent: false }): void {
  const { reason, status, code, err } = outcome
  const fields = { to: maskMobileNumber(mobileNumber), reason, status, twilioCode: code, err }
  if (OURS.includes(reason)) log.error(fields, "one-time code not sent")
  else log.warn(fields, "one-time code not sent")
}
