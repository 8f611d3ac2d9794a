import { fn, type InferAttributes, Op } from "sequelize"
import { afterKeyset, newestFirst, type Page, type PageRequest, readPage } from "../../models/keyset.ts"
import type { SessionModel } from "../../models/session.ts"
import type { Context } from "../context.ts"

const FIELDS = ["id", "openedBy", "userAgent", "address", "createdAt", "lastUsedAt", "expiresAt"] as const

export type SessionRecord = Pick<InferAttributes<SessionModel>, (typeof FIELDS)[number]>

/** Lists the user's active sessions, newest first. @throws {InvalidRequest} for an invalid cursor */
export async function listSessions(
  ctx: Context,
  { userId, ...page }: PageRequest & { userId: string },
): Promise<Page<SessionRecord>> {
  return readPage(
    page,
    newestFirst("createdAt"),
    (after, limit): Promise<SessionRecord[]> =>
      ctx.models.Session.findAll({
        attributes: [...FIELDS],
        where: {
          userId,
          endedAt: null,
          expiresAt: { [Op.gt]: fn("app_now") },
          [Op.and]: after ? [afterKeyset("created_at", after)] : [],
        },
        order: [
          ["createdAt", "DESC"],
          ["id", "DESC"],
        ],
        limit,
        raw: true,
      }),
  )
}
