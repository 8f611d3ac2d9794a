import type { Context } from "../../context.ts"
import type { Attempt } from "./claim-reply.ts"

/**
 * Records whether an attempt found every model cooling down. If it didn't, a later cool-down is counted from zero.
 * @returns for how many ms the reply has met nothing but cool-downs; 0 the first time, and when the attempt is stale
 */
export async function recordCooldown(
  ctx: Context,
  attempt: Attempt,
  isCoolingDown: boolean,
): Promise<number> {
  if (!isCoolingDown && !attempt.isCoolingDown) return 0
  const values = [attempt.userId, attempt.id, attempt.number, isCoolingDown]
  const { rows } = await ctx.db.execute<{ cooled_down_ms: number }>("record-cooldown", RECORD, values)
  return rows[0]?.cooled_down_ms ?? 0
}

const RECORD = `
  UPDATE messages SET cooling_down_since = CASE WHEN $4::boolean THEN coalesce(cooling_down_since, now()) END
  WHERE user_id = $1 AND id = $2 AND attempt = $3 AND status = 'running'
  RETURNING coalesce(extract(epoch FROM now() - cooling_down_since), 0)::float8 * 1000 AS cooled_down_ms`
