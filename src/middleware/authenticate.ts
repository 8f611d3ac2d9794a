import { createHash, timingSafeEqual } from "node:crypto"
import type { Request } from "express"
import { authenticateToken } from "../services/auth/authenticate-token.ts"
import type { Caller } from "../services/auth/caller.ts"
import type { Context } from "../services/context.ts"
import { Unauthenticated } from "../utils/errors.ts"

/** Whose request it is, by its `Authorization: Bearer` header. @throws {Unauthenticated} */
export function authenticate(ctx: Context, req: Request): Caller | Promise<Caller> {
  return authenticateToken(ctx, bearerToken(req))
}

/** Lets through who has `ADMIN_TOKEN`; nobody where it isn't set. @throws {Unauthenticated} */
export function authenticateAdmin(ctx: Context, req: Request): void {
  const { token } = ctx.config.admin
  // Digests have one length, which the comparison needs, and tell nothing of the token's.
  const digest = (text: string) => createHash("sha256").update(text).digest()
  const matches = timingSafeEqual(digest(bearerToken(req)), digest(token ?? ""))
  if (token === null || !matches) throw new Unauthenticated("The admin token is needed.")
}

function bearerToken(req: Request): string {
  const [scheme, token, ...rest] = req.get("authorization")?.split(" ") ?? []
  if (scheme?.toLowerCase() !== "bearer" || !token || rest.length > 0) throw new Unauthenticated()
  return token
}
