import { Forbidden, NotFound } from "../../utils/errors.ts"
import { type AdminPrincipal, TOKEN_HOLDER } from "../auth/principal.ts"
import type { Context } from "../context.ts"

/**
 * Makes a user an admin, or takes that back; it counts from their next request on.
 * @throws {Forbidden} to admins: only who has `ADMIN_TOKEN` makes others
 * @throws {NotFound}
 */
export async function setRole(
  ctx: Context,
  { actor, userId, role }: { actor: AdminPrincipal; userId: string; role: "user" | "admin" },
): Promise<void> {
  if (actor !== TOKEN_HOLDER) throw new Forbidden("Roles are given by who has ADMIN_TOKEN.")
  const [changed] = await ctx.models.User.update({ role }, { where: { id: userId, deletedAt: null } })
  if (changed === 0) throw new NotFound("user")
}
