import { Unauthenticated } from "../../utils/errors.ts"
import type { Actor } from "../auth/actor.ts"
import { issueAdminSession } from "../auth/admin-session.ts"
import { recogniseToken } from "../auth/recognise-admin.ts"
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
