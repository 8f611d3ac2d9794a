import type { CompleteConfig } from "../../config/env.ts"

/** Where a user comes from when Stripe sends them back. */
export type Returned = "paid" | "left" | "portal"

/** The page of ours to which Stripe sends a user back. */
export function returnUrl({ http }: CompleteConfig, from: Returned): string {
  const base = http.publicUrl ?? `http://localhost:${http.port}`
  return `${base.replace(/\/$/, "")}/subscription/return?from=${from}`
}
