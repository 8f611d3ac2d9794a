import type { AdminSignIn } from "../schemas/admin-system.ts"
import { signInAdmin } from "../services/admin/sign-in-admin.ts"
import { readAdminSession } from "../services/auth/admin-session.ts"
import type { Context } from "../services/context.ts"
import { SECOND } from "../utils/time.ts"
import { type AdminInput, type HttpResponse, ok, type PublicInput } from "./http.ts"

const COOKIE = "admin_session"

export async function openAdminSession(
  ctx: Context,
  { body, requestId, address }: PublicInput<{ body: AdminSignIn }>,
): Promise<HttpResponse> {
  const { actor, value, expiresAt } = await signInAdmin(ctx, { token: body.token, requestId, address })
  return ok(
    { actor, expiresAt: toTime(expiresAt) },
    { "Set-Cookie": cookie(ctx, value, ctx.timing.auth.adminSessionMs / SECOND) },
  )
}

/** A session can't be taken back, so the browser is told to forget it. */
export function closeAdminSession(ctx: Context): HttpResponse {
  const headers = { "Set-Cookie": cookie(ctx, "", 0), "Cache-Control": "no-store" }
  return { status: 204, headers, empty: true }
}

export function getAdminSession(ctx: Context, { admin, header }: AdminInput): HttpResponse {
  const value = /(?:^|;)\s*admin_session=([^;]+)/.exec(header("cookie") ?? "")?.[1]
  const claims = value && header("authorization") === undefined ? readAdminSession(ctx.config, value) : null
  return ok({ actor: admin.actor, expiresAt: claims ? toTime(claims.expiresAt) : null })
}

const toTime = (seconds: number) => new Date(seconds * SECOND).toISOString()

function cookie({ config }: Context, value: string, maxAge: number): string {
  const secure = config.production ? "; Secure" : ""
  return `${COOKIE}=${value}; Path=/admin; HttpOnly; SameSite=Strict; Max-Age=${maxAge}${secure}`
}
