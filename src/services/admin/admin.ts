import type { Actor } from "../auth/actor.ts"

/** An operator in the middle of an action. */
export interface Admin {
  actor: Actor
  /** Says in the audit log whom or what the action is about, where its path doesn't. */
  about(targetId: string): void
}
