import type { UserRecord } from "../../models/user.ts"
import { Unauthenticated } from "../../utils/errors.ts"
import type { Context } from "../context.ts"
import { findOwnUser } from "./find-user.ts"

/** Renames a user; null removes the name. @throws {Unauthenticated} when the user was just deleted */
export async function changeUser(
  ctx: Context,
  { userId, name }: { userId: string; name: string | null },
): Promise<UserRecord> {
  const [changed] = await ctx.models.User.update({ name }, { where: { id: userId, deletedAt: null } })
  if (changed === 0) throw new Unauthenticated()
  return findOwnUser(ctx, userId)
}
