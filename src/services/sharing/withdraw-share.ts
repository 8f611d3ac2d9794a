import { NotFound } from "../../utils/errors.ts"
import type { Context } from "../context.ts"
import type { SharedRoom } from "./own-share.ts"

/** Withdraws the link of a room, at once. Copies that readers made stay theirs. @throws {NotFound} */
export async function withdrawShare(ctx: Context, { userId, chatroomId }: SharedRoom): Promise<void> {
  const { rows } = await ctx.db.pool.query<{ id: string }>(
    "DELETE FROM shares WHERE user_id = $1 AND chatroom_id = $2 RETURNING id",
    [userId, chatroomId],
  )
  if (!rows[0]) throw new NotFound("share")
  ctx.events.shareChanged({ userId, shareId: rows[0].id, action: "withdrawn" })
}

/** A link that an operator has withdrawn. */
export interface WithdrawnShare {
  id: string
  userId: string
}

/**
 * Withdraws a link that was reported to operators.
 * @param link the link, or its token
 * @throws {NotFound}
 */
export async function withdrawReportedShare(ctx: Context, link: string): Promise<WithdrawnShare> {
  const [token = ""] = (link.trim().split("/shared/").at(-1) ?? "").split(/[/?#]/)
  const { rows } = await ctx.db.pool.query<WithdrawnShare>(
    `DELETE FROM shares WHERE token_hash = $1 RETURNING id, user_id AS "userId"`,
    [ctx.tokens.shares.hash(token)],
  )
  const [withdrawn] = rows
  if (!withdrawn) throw new NotFound("share")
  const { id, userId } = withdrawn
  ctx.events.shareChanged({ userId, shareId: id, action: "withdrawn_by_operator" })
  return withdrawn
}
