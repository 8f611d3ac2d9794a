import type { CompleteConfig } from "./env.ts"

/** Returns the address at which clients reach the service, without a slash at its end. */
export function publicUrl({ http }: Pick<CompleteConfig, "http">): string {
  return (http.publicUrl ?? `http://localhost:${http.port}`).replace(/\/$/, "")
}
