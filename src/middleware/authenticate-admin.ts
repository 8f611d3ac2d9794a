import type { Request } from "express"
import {
  type AuthenticatedAdmin,
  authenticateAdminSession,
  authenticateAdminToken,
} from "../services/auth/authenticate-admin.ts"
import type { Context } from "../services/context.ts"
import { readAdminCookie } from "../utils/admin-cookie.ts"
import { Forbidden, Unauthenticated } from "../utils/errors.ts"
import { bearerToken } from "./authenticate.ts"

/**
 * Authenticates an operator by bearer token or by session cookie. Browsers send the cookie with requests of any page,
 * so cookie-authenticated changes are accepted only from this server's own pages.
 * @throws {Unauthenticated | Forbidden}
 */
export async function authenticateAdmin(ctx: Context, req: Request): Promise<AuthenticatedAdmin> {
  if (req.get("authorization") !== undefined) return authenticateAdminToken(ctx, bearerToken(req))
  const cookie = readAdminCookie(req.get("cookie"))
  if (cookie === undefined)
    throw new Unauthenticated("Send the admin token, or an admin's access token, as Authorization: Bearer …")
  const admin = await authenticateAdminSession(ctx, cookie)
  if (!SAFE.has(req.method) && !isFromOwnPage(req))
    throw new Forbidden(
      "The session cookie works only from this server's own pages. Send a bearer token instead.",
    )
  return admin
}

const SAFE = new Set(["GET", "HEAD"])

/** Browsers send Sec-Fetch-Site, or Origin in older versions; pages can't change either. */
function isFromOwnPage(req: Request): boolean {
  const site = req.get("sec-fetch-site")
  if (site !== undefined) return site === "same-origin"
  const origin = req.get("origin")
  return origin !== undefined && URL.canParse(origin) && new URL(origin).host === req.get("host")
}
