import type { AdminPrincipal } from "../auth/principal.ts"

/** An operator who is performing an audited action. */
export interface Admin {
  actor: AdminPrincipal
  /** Sets the audit entry's target, for an action whose path doesn't name it. */
  setTarget(targetId: string): void
}
