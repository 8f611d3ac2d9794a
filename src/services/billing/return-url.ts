import type { CompleteConfig } from "../../config/env.ts"

/** From where Stripe returns the user. */
export type Returned = "paid" | "left" | "portal"

/** Returns the URL of our page to which Stripe returns the user. */
export function returnUrl({ http }: CompleteConfig, from: Returned): string {
  const base = http.publicUrl ?? `http://localhost:${http.port}`
  return `${base.replace(/\/$/, "")}/subscription/return?from=${from}`
}
