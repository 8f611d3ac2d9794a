import { NotFound } from "../../utils/errors.ts"
import { readMobileNumber } from "../auth/mobile-number.ts"
import { getSubscription, type Standing } from "../billing/get-subscription.ts"
import { type EntitlementEntry, listEntitlements } from "../billing/list-entitlements.ts"
import type { Context } from "../context.ts"
import { readRecentUsage, type UsageSum } from "../usage/read-usage.ts"

/** An operator's view of a user: state and entitlement, but no messages. */
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
  /** What their calls used in the last 30 days. */
  usage: UsageSum
  /** null for a deleted user. */
  standing: Standing | null
  /** The newest entry of the entitlement log; null for a user who was always on Basic. */
  entitlement: EntitlementEntry | null
}

/** Reads an operator's view of a user. @throws {NotFound} */
export async function lookUpUser(ctx: Context, userId: string): Promise<UserOverview> {
  const { User, isOpenSession, isSet } = await ctx.models()
  const user = await User.findByPk(userId)
  if (!user) throw new NotFound("user")
  const [openSessions, chatrooms, unfinishedReplies, standing, { items }, usage] = await Promise.all([
    user.countSessions({ where: isOpenSession }),
    user.countChatrooms(),
    user.countChatrooms({ where: { activeReplyId: isSet } }),
    user.deletedAt === null ? getSubscription(ctx, userId) : null,
    listEntitlements(ctx, { userId, limit: 1 }),
    readRecentUsage(ctx.db.pool, userId),
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
    usage,
    standing,
    entitlement: items[0] ?? null,
  }
}

/**
 * Finds a user's id by mobile number, in any usual notation.
 * @throws {InvalidRequest} when it isn't a phone number
 * @throws {NotFound}
 */
export async function findUserId(ctx: Context, mobileNumber: string): Promise<string> {
  const number = readMobileNumber(mobileNumber, ctx.config.defaultRegion)
  const { User } = await ctx.models()
  const user = await User.findOne({ attributes: ["id"], where: { mobileNumber: number } })
  if (!user) throw new NotFound("user")
  return user.id
}
