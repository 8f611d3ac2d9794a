import { createHash, createHmac, hkdfSync, timingSafeEqual } from "node:crypto"
import { z } from "zod"
import type { CompleteConfig } from "../../config/env.ts"
import type { Timing } from "../../config/timing.ts"
import { SECOND } from "../../utils/time.ts"
import { type AdminPrincipal, TOKEN_HOLDER } from "./principal.ts"

const Claims = z.object({
  actor: z.string(),
  /** Of a user's: the session whose end ends this one, too. */
  sessionId: z.string().nullable(),
  /** Unix time in seconds. */
  expiresAt: z.number().int(),
})
export type AdminClaims = z.infer<typeof Claims>

type Secrets = Pick<CompleteConfig, "jwt" | "admin">

/** @returns the value of the cookie: who, until when, and an HMAC-SHA256 over both */
export function issueAdminSession(
  { config, timing }: { config: Secrets; timing: Timing },
  { actor, sessionId }: { actor: AdminPrincipal; sessionId: string | null },
): { value: string; expiresAt: number } {
  const expiresAt = Math.floor((Date.now() + timing.auth.adminSessionMs) / SECOND)
  const claims: AdminClaims = { actor, sessionId, expiresAt }
  const payload = Buffer.from(JSON.stringify(claims)).toString("base64url")
  return { value: `${payload}.${sign(config, payload).toString("base64url")}`, expiresAt }
}

/** @returns null for what wasn't issued here, or not of late, or under another `ADMIN_TOKEN` or `JWT_SECRET` */
export function readAdminSession(config: Secrets, value: string): AdminClaims | null {
  const [payload = "", signature = ""] = value.split(".")
  const given = Buffer.from(signature, "base64url")
  const right = sign(config, payload)
  if (given.length !== right.length || !timingSafeEqual(given, right)) return null
  const claims = Claims.parse(JSON.parse(Buffer.from(payload, "base64url").toString()))
  if (claims.expiresAt * SECOND <= Date.now()) return null
  return claims.actor === TOKEN_HOLDER && config.admin.token === null ? null : claims
}

/** The admin token goes into the key, so that changing it ends all sessions. */
function sign({ jwt, admin }: Secrets, payload: string): Buffer {
  const salt = createHash("sha256")
    .update(admin.token ?? "")
    .digest()
  const key = Buffer.from(hkdfSync("sha256", jwt.secret, salt, "admin session", 32))
  return createHmac("sha256", key).update(payload).digest()
}
