import { isIP } from "node:net"
import type { Config } from "../../config/env.ts"

/**
 * Returns whether the response to a request for `host`, the Host header, may contain a one-time code. Outside
 * production it must be localhost, an address or the host of `PUBLIC_URL`: a web page that has its own name resolved to
 * this machine (DNS rebinding) could read responses, and sign in as anybody.
 */
export function mayShowCodes(
  { production, otp, http }: Pick<Config, "production" | "otp" | "http">,
  host: string | undefined,
): boolean {
  if (otp.delivery !== "response") return false
  if (production) return true
  const name = hostnameOf(`http://${host ?? ""}`)
  if (name === null) return false
  const isAddress = isIP(name.replace(/^\[|\]$/g, "")) !== 0
  return isAddress || name === "localhost" || name === hostnameOf(http.publicUrl ?? "")
}

function hostnameOf(url: string): string | null {
  return URL.canParse(url) ? new URL(url).hostname : null
}
