import type { Request } from "express"
import { isSame } from "../services/auth/authenticate-admin.ts"
import { authenticateToken } from "../services/auth/authenticate-token.ts"
import type { Principal } from "../services/auth/principal.ts"
import type { Context } from "../services/context.ts"
import { Unauthenticated } from "../utils/errors.ts"

/** Authenticates a user by the `Authorization: Bearer` header. @throws {Unauthenticated} */
export function authenticate(ctx: Context, req: Request): Principal | Promise<Principal> {
  return authenticateToken(ctx, bearerToken(req))
}

/**
 * Accepts `METRICS_TOKEN` and `ADMIN_TOKEN`. If neither is set, accepts every request outside production and none in
 * production. Addresses don't count: behind a proxy on the same machine all requests come from there.
 * @throws {Unauthenticated}
 */
export function authenticateMetrics({ config }: Context, req: Request): void {
  const { metrics, admin, production } = config
  const tokens = [metrics.token, admin.token].filter((token) => token !== null)
  const isConfigured = metrics.token !== null || (admin.token !== null && !admin.isTemporary)
  if (!isConfigured && !production) return
  const given = bearerToken(req)
  if (!tokens.some((token) => isSame(given, token)))
    throw new Unauthenticated("Send the metrics token as Authorization: Bearer …")
}

/** Returns the bearer token. @throws {Unauthenticated} without one */
export function bearerToken(req: Request): string {
  const [scheme, token, ...rest] = req.get("authorization")?.split(" ") ?? []
  if (scheme?.toLowerCase() !== "bearer" || !token || rest.length > 0) throw new Unauthenticated()
  return token
}
