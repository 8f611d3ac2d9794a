import type { Signature } from "./events.ts"

/** How a request is meant: as documented, with one thing wrong, or to do harm. */
export type Intent = "valid" | "nearly valid" | "hostile"

/** Whose request it is. `own`: the user's that it is drawn for. */
export type Identity = "own" | "other" | "nobody" | "admin" | "refresh" | "nonsense"

/** Stands for something that is known only when the request is sent: what a reply of the server has named `name`. */
export interface Remembered {
  $remembered: string
  pick: number
  /** Where nothing is known yet. */
  otherwise: unknown
}

/** A request as it was drawn: the same seed draws the same, whatever ids the server gives out. */
export interface Draft {
  intent: Intent
  method: string
  /** A path of the document, such as `/chatroom/{id}`. */
  template: string
  identity: Identity
  /** Text for a path's parameter; what isn't named comes from ids that the server has given out. */
  params: Record<string, string>
  /** The same where the server has given out no id yet. */
  otherwise: Record<string, string>
  pick: number
  /** Whether the thing in the path shall be another user's. */
  stranger: boolean
  /** As it stands after the question mark, without it. */
  query: string
  headers: Record<string, string>
  /** JSON with `Remembered` in it, or bytes as they are. */
  body?: { json: unknown } | { raw: string }
  /** How the body is signed as an event of Stripe's. */
  signature?: Signature | undefined
}

export function isRemembered(value: unknown): value is Remembered {
  return typeof value === "object" && value !== null && Object.hasOwn(value, "$remembered")
}
