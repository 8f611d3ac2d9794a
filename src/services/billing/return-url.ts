import type { CompleteConfig } from "../../config/env.ts"
import { publicUrl } from "../../config/public-url.ts"
import { InvalidRequest } from "../../utils/errors.ts"

/** From where Stripe returns the user. */
export type Returned = "paid" | "left" | "portal"

/**
 * Returns the URL of our page to which Stripe returns the user. From Checkout it carries the session's id, which Stripe
 * fills in, so that the payment is read at once.
 * @param to where the page sends the user on; null: nowhere
 */
export function returnUrl(config: CompleteConfig, from: Returned, to: string | null): string {
  const session = from === "paid" ? "&sessionId={CHECKOUT_SESSION_ID}" : ""
  const target = to === null ? "" : `&to=${encodeURIComponent(to)}`
  return `${publicUrl(config)}/subscription/return?from=${from}${session}${target}`
}

/** Checks that a client may name this URL to return to. @throws {InvalidRequest} */
export function checkReturnUrl(config: CompleteConfig, url: string | undefined): string | null {
  if (url === undefined) return null
  if (isOwnUrl(config, url)) return url
  throw new InvalidRequest([
    { path: "body.returnUrl", message: "Its origin must be one of CORS_ORIGINS or that of PUBLIC_URL." },
  ])
}

/** Returns where to send a user on who has come back; null unless it is a front end of this service. */
export function onwardUrl(config: CompleteConfig, from: Returned, to: string | undefined): string | null {
  if (to === undefined || !isOwnUrl(config, to)) return null
  const url = new URL(to)
  url.searchParams.set("from", from)
  return url.href
}

/** Tells whether a URL belongs to a front end of this service: anything else would make ours an open redirect. */
function isOwnUrl(config: CompleteConfig, url: string): boolean {
  const parsed = URL.parse(url)
  if (!parsed || !/^https?:$/.test(parsed.protocol) || parsed.username || parsed.password) return false
  return [...config.http.corsOrigins, new URL(publicUrl(config)).origin].includes(parsed.origin)
}
