import type { Request } from "express"
import {
  type AuthenticatedAdmin,
  authenticateAdminSession,
  authenticateAdminToken,
} from "../services/auth/authenticate-admin.ts"
import type { Context } from "../services/context.ts"
import { Forbidden, Unauthenticated } from "../utils/errors.ts"
import { bearerToken } from "./authenticate.ts"

/** The browser's session, set by `POST /admin/session` for the paths below `/admin`. */
export const ADMIN_COOKIE = "admin_session"

/**
 * Lets operators through: by bearer token, or by the cookie of a browser's session. A cookie comes along whoever made
 * the browser ask, so with one only pages of this server may change anything.
 * @throws {Unauthenticated | Forbidden}
 */
export async function authenticateAdmin(ctx: Context, req: Request): Promise<AuthenticatedAdmin> {
  if (req.get("authorization") !== undefined) return authenticateAdminToken(ctx, bearerToken(req))
  const cookie = readCookie(req)
  if (cookie === undefined)
    throw new Unauthenticated("This needs the admin token or an access token of an admin.")
  const admin = await authenticateAdminSession(ctx, cookie)
  if (!SAFE.has(req.method) && !isFromOwnPage(req))
    throw new Forbidden("Only this server's pages may do that.")
  return admin
}

const SAFE = new Set(["GET", "HEAD"])

function readCookie(req: Request): string | undefined {
  const pairs = req.get("cookie")?.split(";") ?? []
  const prefix = `${ADMIN_COOKIE}=`
  return pairs
    .map((pair) => pair.trim())
    .find((pair) => pair.startsWith(prefix))
    ?.slice(prefix.length)
}

/** Browsers say where a request comes from, and pages can't change it: Sec-Fetch-Site, or Origin in older ones. */
function isFromOwnPage(req: Request): boolean {
  const site = req.get("sec-fetch-site")
  if (site !== undefined) return site === "same-origin"
  const origin = req.get("origin")
  return origin !== undefined && URL.canParse(origin) && new URL(origin).host === req.get("host")
}
