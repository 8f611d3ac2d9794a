import { MINUTE } from "../../utils/time.ts"
import type { Context } from "../context.ts"
import type { Claim } from "./claim-reply.ts"

/**
 * How long a reply waits for an overloaded model, without a call and without a failure. Its waits for its room, for a
 * worker and for a call of `GEMINI_RPM` don't count: they say nothing of the model.
 */
export const MAX_REST_MS = 5 * MINUTE

/**
 * Notes how an attempt ended: it found every model resting, or it didn't, and then its patience begins anew.
 * @returns for how many ms it has found nothing else; 0 the first time, and when the claim is lost
 */
export async function noteRest(ctx: Context, claim: Claim, isResting: boolean): Promise<number> {
  if (!isResting && !claim.isResting) return 0
  const { rows } = await ctx.db.pool.query<{ rested_ms: number }>({
    name: "note-rest",
    text: NOTE,
    values: [claim.id, claim.attempt, isResting],
  })
  return rows[0]?.rested_ms ?? 0
}

const NOTE = `
  UPDATE messages SET resting_since = CASE WHEN $3::boolean THEN coalesce(resting_since, now()) END
  WHERE id = $1 AND attempt = $2 AND status = 'running'
  RETURNING coalesce(extract(epoch FROM now() - resting_since), 0)::float8 * 1000 AS rested_ms`
