import type { AdminSignIn } from "../schemas/admin-system.ts"
import { signInAdmin } from "../services/admin/sign-in-admin.ts"
import { readAdminSession } from "../services/auth/admin-session.ts"
import { endAdminSession } from "../services/auth/authenticate-admin.ts"
import type { Context } from "../services/context.ts"
import { ADMIN_COOKIE, readAdminCookie } from "../utils/admin-cookie.ts"
import { SECOND } from "../utils/time.ts"
import { type AdminInput, noContent, ok, type PublicInput } from "./http.ts"

export async function openAdminSession(
  ctx: Context,
  { body, requestId, address }: PublicInput<{ body: AdminSignIn }>,
) {
  const { actor, value, expiresAt } = await signInAdmin(ctx, { token: body.token, requestId, address })
  return ok(
    { actor, expiresAt: toTime(expiresAt) },
    { "Set-Cookie": cookie(ctx, value, ctx.timing.auth.adminSessionMs / SECOND) },
  )
}

export async function closeAdminSession(ctx: Context, { header }: PublicInput) {
  await endAdminSession(ctx, readAdminCookie(header("cookie")) ?? "")
  return noContent({ "Set-Cookie": cookie(ctx, "", 0), "Cache-Control": "no-store" })
}

export function getAdminSession(ctx: Context, { admin, header }: AdminInput) {
  const value = readAdminCookie(header("cookie"))
  const claims = value && header("authorization") === undefined ? readAdminSession(ctx, value) : null
  return ok({ actor: admin.actor, expiresAt: claims ? toTime(claims.expiresAt) : null })
}

const toTime = (seconds: number) => new Date(seconds * SECOND).toISOString()

function cookie({ config }: Context, value: string, maxAge: number): string {
  const secure = config.production ? "; Secure" : ""
  return `${ADMIN_COOKIE}=${value}; Path=/admin; HttpOnly; SameSite=Strict; Max-Age=${maxAge}${secure}`
}
