import { Unauthenticated } from "../../utils/errors.ts"
import { issueAdminSession } from "../auth/admin-session.ts"
import { authenticateAdminToken } from "../auth/authenticate-admin.ts"
import type { AdminPrincipal } from "../auth/principal.ts"
import type { Context } from "../context.ts"
import { audited } from "./audit.ts"

export interface SignInAdmin {
  token: string
  requestId: string
  address: string
}

/**
 * Opens a browser's session for who has `ADMIN_TOKEN` or an admin's access token. Who has neither is only logged and
 * counted: strangers shall not fill the audit log.
 * @throws {Unauthenticated}
 */
export async function signInAdmin(
  ctx: Context,
  { token, requestId, address }: SignInAdmin,
): Promise<{ actor: AdminPrincipal; value: string; expiresAt: number }> {
  const admin = await authenticateAdminToken(ctx, token).catch((error: unknown) => {
    if (error instanceof Unauthenticated) ctx.events.adminRefused({ address, requestId })
    throw error
  })
  const { actor } = admin
  const action = { actor, action: "sign_in", targetId: null, requestId, address }
  const session = await audited(ctx, action, async () => issueAdminSession(ctx, admin))
  return { actor, ...session }
}
