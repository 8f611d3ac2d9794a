import type { Context } from "../context.ts"
import { eraseDeletedUsers } from "../users/erase-users.ts"

/** Removes what has served its time. Each statement may run in several processes at once. */
export async function cleanUp(ctx: Context): Promise<void> {
  for (const statement of EXPIRED) await ctx.db.pool.query(statement)
  await eraseDeletedUsers(ctx)
}

/** The contract keeps idempotency keys for at least 24 h. */
const EXPIRED = [
  "DELETE FROM idempotency_keys WHERE created_at < now() - interval '48 hours'",
  "DELETE FROM one_time_codes WHERE sent_at < now() - interval '1 day'",
  "DELETE FROM otp_budgets WHERE day < (now() AT TIME ZONE 'UTC')::date - 1",
  "DELETE FROM password_guesses WHERE window_ends_at < now()",
  "DELETE FROM session_revocations WHERE expires_at < now()",
  "DELETE FROM sessions WHERE expires_at < now() - interval '7 days'",
  "DELETE FROM workers WHERE seen_at < now() - interval '1 hour'",
]
