import { Unauthenticated } from "../../utils/errors.ts"
import type { Context } from "../context.ts"
import type { Actor } from "./admin.ts"
import { issueAdminSession } from "./admin-session.ts"
import { audited } from "./audit.ts"
import { recogniseToken } from "./recognise-admin.ts"

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
): Promise<{ actor: Actor; value: string; expiresAt: number }> {
  const recognised = await recogniseToken(ctx, token).catch((error: unknown) => {
    if (error instanceof Unauthenticated) ctx.events.adminRefused({ address, requestId })
    throw error
  })
  const { actor } = recognised
  const action = { actor, action: "sign_in", targetId: null, requestId, address }
  const session = await audited(ctx, action, async () => issueAdminSession(ctx.config, recognised))
  return { actor, ...session }
}
