import { fn, Op } from "sequelize"
import { z } from "zod"
import { afterKeyset } from "../../models/keyset.ts"
import type { OpenedBy } from "../../models/session.ts"
import { CursorTime, decodeCursor, encodeCursor } from "../../utils/cursor.ts"
import type { Context } from "../context.ts"
import type { Principal } from "./principal.ts"

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

/** Lists the user's active sessions, newest first. @throws {InvalidRequest} for an invalid cursor */
export async function listSessions(
  ctx: Context,
  { user, limit, cursor }: { user: Principal; limit: number; cursor: string | undefined },
): Promise<SessionPage> {
  const keyset = cursor === undefined ? null : decodeCursor(cursor, Cursor)
  const rows: SessionRecord[] = await ctx.models.Session.findAll({
    attributes: ["id", "openedBy", "userAgent", "address", "createdAt", "lastUsedAt", "expiresAt"],
    where: {
      userId: user.userId,
      endedAt: null,
      expiresAt: { [Op.gt]: fn("now") },
      [Op.and]: keyset ? [afterKeyset("created_at", keyset)] : [],
    },
    order: [
      ["createdAt", "DESC"],
      ["id", "DESC"],
    ],
    limit: limit + 1,
    raw: true,
  })
  const sessions = rows.slice(0, limit)
  const last = rows.length > limit ? sessions.at(-1) : undefined
  return { sessions, cursor: last ? encodeCursor([last.createdAt.toISOString(), last.id]) : null }
}
