import { literal } from "sequelize"
import { Unauthenticated } from "../../utils/errors.ts"
import type { Context } from "../context.ts"
import { TIER_SQL } from "./tier.ts"
import { toUserRecord, USER_COLUMNS, type UserRecord } from "./user-record.ts"

/** Finds the principal's own user. @throws {Unauthenticated} when the user was just deleted */
export async function findOwnUser(ctx: Context, userId: string): Promise<UserRecord> {
  const user = await ctx.models.User.findOne({
    attributes: [
      "id",
      "mobileNumber",
      "name",
      "passwordHash",
      "createdAt",
      [literal(TIER_SQL("pro_until")), "tier"],
    ],
    where: { id: userId, deletedAt: null },
  })
  if (!user) throw new Unauthenticated()
  return user.get({ plain: true }) as unknown as UserRecord
}

/** Finds a user, verified or not. @param mobileNumber in E.164 */
export async function findUserByNumber(ctx: Context, mobileNumber: string): Promise<UserRecord | null> {
  const { rows } = await ctx.db.pool.query({
    name: "find-user-by-number",
    text: `SELECT ${USER_COLUMNS} FROM users WHERE mobile_number = $1`,
    values: [mobileNumber],
  })
  return rows[0] ? toUserRecord(rows[0]) : null
}
