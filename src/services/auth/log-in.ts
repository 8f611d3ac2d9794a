import { inTransaction } from "../../config/database.ts"
import type { UserRecord } from "../../models/user.ts"
import { CredentialsInvalid } from "../../utils/errors.ts"
import { pause } from "../../utils/time.ts"
import type { Context } from "../context.ts"
import { findUserByNumber } from "../users/find-user.ts"
import { countLoginAttempt, type LoginAttempt, uncountLoginAttempt } from "./login-throttle.ts"
import { readMobileNumber } from "./mobile-number.ts"
import { openSessionSql, openSessionValues, type SignedIn, toSignedIn } from "./open-session.ts"
import type { Device } from "./principal.ts"

export interface LogIn {
  mobileNumber: string
  password: string
  device: Device
}

/**
 * Signs in with a password. A right one is answered at once. A wrong password, a user without a password and an unknown
 * number get the same response at the same time, `failedLoginMs` after the request. Only passwords of users are
 * hashed: guesses at unknown numbers cost no time of others.
 * @throws {CredentialsInvalid}
 * @throws {RateLimited} after too many wrong passwords
 * @throws {Unavailable} when too many passwords are being hashed
 */
export async function logIn(ctx: Context, login: LogIn): Promise<SignedIn> {
  const startedAt = performance.now()
  try {
    return await checkAndOpen(ctx, login)
  } catch (error) {
    const leftMs = startedAt + ctx.timing.auth.failedLoginMs - performance.now()
    if (error instanceof CredentialsInvalid && leftMs > 0) await pause(leftMs, ctx.stopping)
    throw error
  }
}

async function checkAndOpen(ctx: Context, { mobileNumber, password, device }: LogIn): Promise<SignedIn> {
  const number = readMobileNumber(mobileNumber, ctx.config.defaultRegion)
  const attempt = { mobileNumber: number, address: device.address }
  await countLoginAttempt(ctx, attempt)
  const user = await findUserByNumber(ctx, number)
  const isRight = await ctx.passwords.matches(password, user?.passwordHash ?? null, device.address)
  if (!user || !isRight) throw new CredentialsInvalid()
  return openSession(ctx, user, attempt, device)
}

async function openSession(ctx: Context, user: UserRecord, attempt: LoginAttempt, device: Device) {
  const session = openSessionValues(ctx, "password", device)
  const opened = await inTransaction(ctx.db.pool, async (client) => {
    const { rows } = await client.query<UserRecord>({
      name: "log-in",
      text: LOG_IN,
      values: [user.id, user.passwordHash, ...session.values],
    })
    if (rows[0]) await uncountLoginAttempt(ctx, client, attempt)
    return rows[0]
  })
  if (!opened) throw new CredentialsInvalid()
  ctx.events.signedIn({ userId: user.id, sessionId: session.sessionId, by: "password" })
  return toSignedIn(ctx, opened, { sessionId: session.sessionId, generation: 0 })
}

/** The lock makes a password change wait. It ends all sessions and must not miss this one. */
const LOG_IN = `
  WITH person AS (
    SELECT * FROM users WHERE id = $1 AND password_hash = $2 AND suspended_at IS NULL FOR SHARE
  ), ${openSessionSql(3)}`
