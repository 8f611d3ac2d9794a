/** `admin_token`, or the id of a user with the role admin. */
export type Actor = string

/** Who has `ADMIN_TOKEN`. */
export const TOKEN_HOLDER: Actor = "admin_token"

/** An operator in the middle of an action. */
export interface Admin {
  actor: Actor
  /** Says in the audit log whom or what the action is about, where its path doesn't. */
  about(targetId: string): void
}
