import type { SessionRecord } from "../../services/auth/list-sessions.ts"

/** Presents a session to its user; `current` marks the session of the request. */
export function presentSession(session: SessionRecord, currentId: string) {
  return {
    id: session.id,
    current: session.id === currentId,
    openedBy: session.openedBy,
    userAgent: session.userAgent,
    address: session.address,
    createdAt: session.createdAt.toISOString(),
    lastUsedAt: session.lastUsedAt.toISOString(),
    expiresAt: session.expiresAt.toISOString(),
  }
}
