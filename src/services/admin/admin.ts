import type { AdminPrincipal } from "../auth/principal.ts"

/** An operator in the middle of an action. */
export interface Admin {
  actor: AdminPrincipal
  /** Says in the audit log whom or what the action is about, where its path doesn't. */
  about(targetId: string): void
}
