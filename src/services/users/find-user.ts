import { type UserRecord, userSql } from "../../models/user.ts"
import { Unauthenticated } from "../../utils/errors.ts"
import type { Context } from "../context.ts"

export type { UserRecord }

/** Finds the principal's own user. @throws {Unauthenticated} when the user was just deleted */
export async function findOwnUser(ctx: Context, userId: string): Promise<UserRecord> {
  const { rows } = await ctx.db.pool.query<UserRecord>({
    name: "find-user",
    text: `SELECT ${userSql("users")} FROM users WHERE id = $1 AND deleted_at IS NULL`,
    values: [userId],
  })
  if (!rows[0]) throw new Unauthenticated()
  return rows[0]
}

/** Finds a user, verified or not. @param mobileNumber in E.164 */
export async function findUserByNumber(ctx: Context, mobileNumber: string): Promise<UserRecord | null> {
  const { rows } = await ctx.db.pool.query<UserRecord>({
    name: "find-user-by-number",
    text: `SELECT ${userSql("users")} FROM users WHERE mobile_number = $1`,
    values: [mobileNumber],
  })
  return rows[0] ?? null
}
