import { MINUTE } from "../../../utils/time.ts"
import type { Context } from "../../context.ts"
import type { Claim } from "./claim-reply.ts"

/**
 * How long a reply waits for an overloaded model, without a call and without a failure. Its waits for its room, for a
 * worker and for a call of `GEMINI_RPM` don't count: they say nothing of the model.
 */
export const MAX_COOLDOWN_MS = 5 * MINUTE

/**
 * Notes how an attempt ended: it found every model resting, or it didn't, and then its patience begins anew.
 * @returns for how many ms it has found nothing else; 0 the first time, and when the claim is lost
 */
export async function recordCooldown(ctx: Context, claim: Claim, isCoolingDown: boolean): Promise<number> {
  if (!isCoolingDown && !claim.isCoolingDown) return 0
  const { rows } = await ctx.db.pool.query<{ cooled_down_ms: number }>({
    name: "note-rest",
    text: NOTE,
    values: [claim.userId, claim.id, claim.attempt, isCoolingDown],
  })
  return rows[0]?.cooled_down_ms ?? 0
}

const NOTE = `
  UPDATE messages SET cooling_down_since = CASE WHEN $4::boolean THEN coalesce(cooling_down_since, now()) END
  WHERE user_id = $1 AND id = $2 AND attempt = $3 AND status = 'running'
  RETURNING coalesce(extract(epoch FROM now() - cooling_down_since), 0)::float8 * 1000 AS cooled_down_ms`
