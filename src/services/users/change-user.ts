import { Unauthenticated } from "../../utils/errors.ts"
import type { Caller } from "../auth/caller.ts"
import type { Context } from "../context.ts"
import { findOwnUser } from "./find-user.ts"
import type { UserRecord } from "./user-record.ts"

/** Renames the caller; null takes the name away. @throws {Unauthenticated} when they were deleted a moment ago */
export async function changeUser(
  ctx: Context,
  { user, name }: { user: Caller; name: string | null },
): Promise<UserRecord> {
  const [changed] = await ctx.models.User.update({ name }, { where: { id: user.userId, deletedAt: null } })
  if (changed === 0) throw new Unauthenticated()
  return findOwnUser(ctx, user)
}
