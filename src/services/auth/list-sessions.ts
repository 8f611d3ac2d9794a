import type { InferAttributes } from "sequelize"
import { newestFirst, type Page, type PageRequest, readPage } from "../../models/keyset.ts"
import type { SessionModel } from "../../models/session.ts"
import type { Context } from "../context.ts"

const FIELDS = ["id", "openedBy", "userAgent", "address", "createdAt", "lastUsedAt", "expiresAt"] as const

export type SessionRecord = Pick<InferAttributes<SessionModel>, (typeof FIELDS)[number]>

/** Lists the user's active sessions, newest first. @throws {InvalidRequest} for an invalid cursor */
export async function listSessions(
  ctx: Context,
  { userId, ...page }: PageRequest & { userId: string },
): Promise<Page<SessionRecord>> {
  const { Session, newestRows, isOpenSession } = await ctx.models()
  return readPage(page, newestFirst("createdAt"), (after, limit) =>
    Session.findAll({
      attributes: [...FIELDS],
      ...newestRows("createdAt", after, limit, { userId, ...isOpenSession }),
    }),
  )
}
