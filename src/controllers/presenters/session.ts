import type { SessionRecord } from "../../services/auth/list-sessions.ts"

/** A session as its user sees it; `current` is the one that asks. */
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
