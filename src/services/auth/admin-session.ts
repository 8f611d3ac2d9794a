import { createHash, createHmac, hkdfSync, timingSafeEqual } from "node:crypto"
import { z } from "zod"
import type { CompleteConfig } from "../../config/env.ts"
import type { Timing } from "../../config/timing.ts"
import { newId } from "../../utils/ids.ts"
import { SECOND } from "../../utils/time.ts"
import type { DatabaseClock } from "../platform/database-clock.ts"
import { type AdminPrincipal, TOKEN_HOLDER } from "./principal.ts"

const Claims = z.object({
  /** Names the admin session, so that signing out can end it. */
  id: z.uuid(),
  actor: z.string(),
  /** For a user, the session whose end also ends this one; null for `ADMIN_TOKEN`. */
  sessionId: z.string().nullable(),
  /** Unix time in seconds. */
  expiresAt: z.number().int(),
})
export type AdminClaims = z.infer<typeof Claims>

type Secrets = Pick<CompleteConfig, "jwt" | "admin">

/** Issues an admin session. @returns the cookie's value: the claims and an HMAC-SHA256 over them */
export function issueAdminSession(
  { config, timing, clock }: { config: Secrets; timing: Timing; clock: DatabaseClock },
  { actor, sessionId }: { actor: AdminPrincipal; sessionId: string | null },
): { value: string; expiresAt: number } {
  const expiresAt = Math.floor((clock.now() + timing.auth.adminSessionMs) / SECOND)
  const claims: AdminClaims = { id: newId(), actor, sessionId, expiresAt }
  const payload = Buffer.from(JSON.stringify(claims)).toString("base64url")
  return { value: `${payload}.${sign(config, payload).toString("base64url")}`, expiresAt }
}

/**
 * Reads an admin session, without checking whether it has ended.
 * @returns null when it is forged or expired, or `ADMIN_TOKEN` or `JWT_SECRET` has changed
 */
export function readAdminSession(
  { config, clock }: { config: Secrets; clock: DatabaseClock },
  value: string,
): AdminClaims | null {
  const [payload = "", signature = ""] = value.split(".")
  const given = Buffer.from(signature, "base64url")
  const expected = sign(config, payload)
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null
  // A session of an earlier version has no id and can't be ended.
  const claims = Claims.safeParse(JSON.parse(Buffer.from(payload, "base64url").toString())).data
  if (!claims || claims.expiresAt * SECOND <= clock.now()) return null
  return claims.actor === TOKEN_HOLDER && config.admin.token === null ? null : claims
}

/** Derives the key from the admin token too, so that changing it ends all admin sessions. */
function sign({ jwt, admin }: Secrets, payload: string): Buffer {
  const salt = createHash("sha256")
    .update(admin.token ?? "")
    .digest()
  const key = Buffer.from(hkdfSync("sha256", jwt.secret, salt, "admin session", 32))
  return createHmac("sha256", key).update(payload).digest()
}
