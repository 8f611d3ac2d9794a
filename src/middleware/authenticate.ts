import type { Request } from "express"
import { authenticateToken } from "../services/auth/authenticate-token.ts"
import type { Caller } from "../services/auth/caller.ts"
import type { Context } from "../services/context.ts"
import { Unauthenticated } from "../utils/errors.ts"

/** Whose request it is, by its `Authorization: Bearer` header. @throws {Unauthenticated} */
export function authenticate(ctx: Context, req: Request): Caller | Promise<Caller> {
  const [scheme, token, ...rest] = req.get("authorization")?.split(" ") ?? []
  if (scheme?.toLowerCase() !== "bearer" || !token || rest.length > 0) throw new Unauthenticated()
  return authenticateToken(ctx, token)
}
