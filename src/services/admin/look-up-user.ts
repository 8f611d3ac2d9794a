import { fn, Op } from "sequelize"
import { NotFound } from "../../utils/errors.ts"
import { readMobileNumber } from "../auth/mobile-number.ts"
import { getSubscription, type Standing } from "../billing/get-subscription.ts"
import { type EntitlementEntry, listEntitlements } from "../billing/list-entitlements.ts"
import type { Context } from "../context.ts"

/** A user as an operator sees them: what they may do and why, not what they say. */
export interface UserOverview {
  id: string
  mobileNumber: string | null
  name: string | null
  role: "user" | "admin"
  verifiedAt: Date | null
  suspendedAt: Date | null
  deletedAt: Date | null
  createdAt: Date
  hasPassword: boolean
  openSessions: number
  chatrooms: number
  unfinishedReplies: number
  /** null for a deleted one. */
  standing: Standing | null
  /** The newest entry of the log, which says why; null where there never was anything but Basic. */
  entitlement: EntitlementEntry | null
}

/** @throws {NotFound} */
export async function lookUpUser(ctx: Context, userId: string): Promise<UserOverview> {
  const user = await ctx.models.User.findByPk(userId)
  if (!user) throw new NotFound("user")
  const [openSessions, chatrooms, unfinishedReplies, standing, { items }] = await Promise.all([
    user.countSessions({ where: { endedAt: null, expiresAt: { [Op.gt]: fn("app_now") } } }),
    user.countChatrooms(),
    user.countChatrooms({ where: { activeReplyId: { [Op.ne]: null } } }),
    user.deletedAt === null ? getSubscription(ctx, userId) : null,
    listEntitlements(ctx, { userId, limit: 1 }),
  ])
  const { id, mobileNumber, name, role, verifiedAt, suspendedAt, deletedAt, createdAt, passwordHash } = user
  return {
    id,
    mobileNumber,
    name,
    role,
    verifiedAt,
    suspendedAt,
    deletedAt,
    createdAt,
    hasPassword: passwordHash !== null,
    openSessions,
    chatrooms,
    unfinishedReplies,
    standing,
    entitlement: items[0] ?? null,
  }
}

/**
 * The id of who has this number, as people write numbers.
 * @throws {InvalidRequest} for no phone number
 * @throws {NotFound}
 */
export async function findUserId(ctx: Context, mobileNumber: string): Promise<string> {
  const number = readMobileNumber(mobileNumber, ctx.config.defaultRegion)
  const user = await ctx.models.User.findOne({ attributes: ["id"], where: { mobileNumber: number } })
  if (!user) throw new NotFound("user")
  return user.id
}
