import type { OpenedBy } from "../../models/session.ts"
import { type UserRecord, userSql } from "../../models/user.ts"
import { newId } from "../../utils/ids.ts"
import { SECOND } from "../../utils/time.ts"
import type { Context } from "../context.ts"
import type { Device } from "./principal.ts"
import type { Rotation } from "./refresh-tokens.ts"

/** The tokens of a new or refreshed session, and its user. */
export interface SignedIn {
  token: string
  tokenType: "Bearer"
  /** Seconds until `token` expires. */
  expiresIn: number
  refreshToken: string
  user: UserRecord
}

/**
 * Returns the end of a statement that opens a session and returns the user. Its CTE `person` must hold the user's row
 * or none. The parameters from `$first` on are `openSessionValues`.
 */
export function openSessionSql(first: number): string {
  const [id, openedBy, userAgent, address, idleMs] = [0, 1, 2, 3, 4].map((n) => `$${first + n}`)
  return `opened AS (
    INSERT INTO sessions (id, user_id, opened_by, user_agent, address, expires_at)
    SELECT ${id}::uuid, id, ${openedBy}, ${userAgent}, ${address}, app_now() + ${idleMs} * interval '1 millisecond' FROM person
  )
  SELECT ${userSql("person")} FROM person`
}

/** The header has no limit of its own. */
const MAX_USER_AGENT = 300

export function openSessionValues(ctx: Context, openedBy: OpenedBy, { userAgent, address }: Device) {
  const sessionId = newId()
  const values = [
    sessionId,
    openedBy,
    userAgent?.slice(0, MAX_USER_AGENT) ?? null,
    address,
    ctx.timing.auth.sessionIdleMs,
  ]
  return { sessionId, values }
}

export function toSignedIn(ctx: Context, user: UserRecord, { sessionId, generation }: Rotation): SignedIn {
  return {
    token: ctx.tokens.access.issue({ userId: user.id, sessionId }),
    tokenType: "Bearer",
    expiresIn: ctx.timing.auth.accessTokenMs / SECOND,
    refreshToken: ctx.tokens.refresh.issue({ sessionId, generation }),
    user,
  }
}
