import { NotFound } from "../../utils/errors.ts"
import { toCamelCase } from "../../utils/records.ts"
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
  const { rows } = await ctx.db.pool.query({ name: "look-up-user", text: LOOK_UP, values: [userId] })
  if (!rows[0]) throw new NotFound("user")
  const user = toCamelCase<Omit<UserOverview, "standing" | "entitlement">>(rows[0])
  const standing = user.deletedAt === null ? await getSubscription(ctx, userId) : null
  const { items } = await listEntitlements(ctx, { userId, limit: 1 })
  return { ...user, standing, entitlement: items[0] ?? null }
}

const LOOK_UP = `
  SELECT u.id, u.mobile_number, u.name, u.role, u.verified_at, u.suspended_at, u.deleted_at, u.created_at,
    u.password_hash IS NOT NULL AS has_password,
    (SELECT count(*)::int FROM sessions WHERE user_id = u.id AND ended_at IS NULL AND expires_at > now()) AS open_sessions,
    (SELECT count(*)::int FROM chatrooms WHERE user_id = u.id) AS chatrooms,
    (SELECT count(*)::int FROM chatrooms WHERE user_id = u.id AND active_reply_id IS NOT NULL) AS unfinished_replies
  FROM users AS u WHERE u.id = $1`

/**
 * The id of who has this number, as people write numbers.
 * @throws {InvalidRequest} for no phone number
 * @throws {NotFound}
 */
export async function findUserId(ctx: Context, mobileNumber: string): Promise<string> {
  const number = readMobileNumber(mobileNumber, ctx.config.defaultRegion)
  const { rows } = await ctx.db.pool.query<{ id: string }>("SELECT id FROM users WHERE mobile_number = $1", [
    number,
  ])
  if (!rows[0]) throw new NotFound("user")
  return rows[0].id
}
