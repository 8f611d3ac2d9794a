import { Unauthenticated } from "../../utils/errors.ts"
import type { Caller } from "../auth/caller.ts"
import type { Context } from "../context.ts"
import { toUserRecord, USER_COLUMNS, type UserRecord } from "./user-record.ts"

/** The caller's own user. @throws {Unauthenticated} when they were deleted a moment ago */
export async function findOwnUser(ctx: Context, { userId }: Caller): Promise<UserRecord> {
  const { rows } = await ctx.db.pool.query({
    name: "find-own-user",
    text: `SELECT ${USER_COLUMNS} FROM users WHERE id = $1 AND deleted_at IS NULL`,
    values: [userId],
  })
  if (!rows[0]) throw new Unauthenticated()
  return toUserRecord(rows[0])
}

/** @param mobileNumber E.164 */
export async function findUserByNumber(ctx: Context, mobileNumber: string): Promise<UserRecord | null> {
  const { rows } = await ctx.db.pool.query({
    name: "find-user-by-number",
    text: `SELECT ${USER_COLUMNS} FROM users WHERE mobile_number = $1`,
    values: [mobileNumber],
  })
  return rows[0] ? toUserRecord(rows[0]) : null
}
