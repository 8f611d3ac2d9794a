import { Forbidden, NotFound } from "../../utils/errors.ts"
import { type AdminPrincipal, TOKEN_HOLDER } from "../auth/principal.ts"
import type { Context } from "../context.ts"

/**
 * Grants or revokes the role admin, as of the user's next request.
 * @throws {Forbidden} for admins: only the holder of `ADMIN_TOKEN` may change roles
 * @throws {NotFound}
 */
export async function setRole(
  ctx: Context,
  { actor, userId, role }: { actor: AdminPrincipal; userId: string; role: "user" | "admin" },
): Promise<void> {
  if (actor !== TOKEN_HOLDER) throw new Forbidden("Only the holder of ADMIN_TOKEN can change roles.")
  const { User } = await ctx.models()
  const [changed] = await User.update({ role }, { where: { id: userId, deletedAt: null } })
  if (changed === 0) throw new NotFound("user")
}
