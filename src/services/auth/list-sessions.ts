import { z } from "zod"
import { CursorTime, decodeCursor, encodeCursor } from "../../utils/cursor.ts"
import { toCamelCase } from "../../utils/records.ts"
import type { Context } from "../context.ts"
import type { Caller, OpenedBy } from "./caller.ts"

export interface SessionRecord {
  id: string
  openedBy: OpenedBy
  userAgent: string | null
  address: string | null
  createdAt: Date
  lastUsedAt: Date
  expiresAt: Date
}

export interface SessionPage {
  sessions: SessionRecord[]
  /** Where the next page starts, or null on the last. */
  cursor: string | null
}

const Cursor = z.tuple([CursorTime, z.uuid()])

/** The user's live sessions, newest first. @throws {InvalidRequest} for a cursor of another making */
export async function listSessions(
  ctx: Context,
  { user, limit, cursor }: { user: Caller; limit: number; cursor: string | undefined },
): Promise<SessionPage> {
  const [createdAt, id] = cursor === undefined ? [null, null] : decodeCursor(cursor, Cursor)
  const { rows } = await ctx.db.pool.query({
    name: createdAt === null ? "list-sessions" : "list-sessions-after",
    text: listSql(createdAt !== null),
    values: [user.userId, limit + 1, ...(createdAt === null ? [] : [createdAt, id])],
  })
  const sessions = rows.slice(0, limit).map((row) => toCamelCase<SessionRecord>(row))
  const last = rows.length > limit ? sessions.at(-1) : undefined
  return { sessions, cursor: last ? encodeCursor([last.createdAt.toISOString(), last.id]) : null }
}

/** Without a cursor the comparison is left out, so that either form is a scan of a range of the index. */
function listSql(after: boolean): string {
  return `SELECT id, opened_by, user_agent, address, created_at, last_used_at, expires_at FROM sessions
    WHERE user_id = $1 AND ended_at IS NULL AND expires_at > now()
      ${after ? "AND (created_at, id) < ($3::timestamptz, $4::uuid)" : ""}
    ORDER BY created_at DESC, id DESC LIMIT $2`
}
