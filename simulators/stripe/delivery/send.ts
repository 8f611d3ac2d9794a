import type { WireEvent } from "../model/events.ts"
import { signatureOf } from "./signature.ts"

export type Target = { url: string; secret: string }

/** The result of one attempt: the receiver's status, or why there is none. */
export type Sent = { status: number | null; error: string | null }

/** One attempt to deliver an event. `at` is real time, ms. */
export type Delivery = Sent & { event: string; type: string; endpoint: string; attempt: number; at: number }

/** Sends an event to a receiver as Stripe does, signed at the real time. Never rejects. */
export async function send(
  event: WireEvent,
  target: Target,
  timeoutMs: number,
  closing: AbortSignal,
): Promise<Sent> {
  const body = JSON.stringify(event, null, 2)
  try {
    const response = await fetch(target.url, {
      method: "POST",
      redirect: "manual",
      headers: {
        "content-type": "application/json; charset=utf-8",
        "user-agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        "stripe-signature": signatureOf(body, target.secret, Math.floor(Date.now() / 1000)),
      },
      body,
      signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), closing]),
    })
    await response.arrayBuffer()
    return { status: response.status, error: null }
  } catch (error) {
    return { status: null, error: reason(error) }
  }
}

export function isAccepted({ status }: Sent): boolean {
  return status !== null && status >= 200 && status < 300
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { cause } = error
  return cause instanceof Error && "code" in cause ? String(cause.code) : error.name
}
