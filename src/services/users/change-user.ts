import { type UserRecord, userSql } from "../../models/user.ts"
import { Unauthenticated } from "../../utils/errors.ts"
import type { Context } from "../context.ts"

/** Renames a user; null removes the name. @throws {Unauthenticated} when the user was just deleted */
export async function changeUser(
  ctx: Context,
  { userId, name }: { userId: string; name: string | null },
): Promise<UserRecord> {
  const { rows } = await ctx.db.execute<UserRecord>("change-user", CHANGE, [userId, name])
  if (!rows[0]) throw new Unauthenticated()
  return rows[0]
}

const CHANGE = `
  UPDATE users SET name = $2, updated_at = now() WHERE id = $1 AND deleted_at IS NULL
  RETURNING ${userSql("users")}`
