import type { Context } from "../../context.ts"
import type { Claim } from "./claim-reply.ts"

/**
 * Notes how an attempt ended: it found every model resting, or it didn't, and then its patience begins anew.
 * @returns for how many ms it has found nothing else; 0 the first time, and when the claim is lost
 */
export async function recordCooldown(ctx: Context, claim: Claim, isCoolingDown: boolean): Promise<number> {
  if (!isCoolingDown && !claim.isCoolingDown) return 0
  const { rows } = await ctx.db.pool.query<{ cooled_down_ms: number }>({
    name: "note-rest",
    text: NOTE,
    values: [claim.id, claim.attempt, isCoolingDown],
  })
  return rows[0]?.cooled_down_ms ?? 0
}

const NOTE = `
  UPDATE messages SET cooling_down_since = CASE WHEN $3::boolean THEN coalesce(cooling_down_since, now()) END
  WHERE id = $1 AND attempt = $2 AND status = 'running'
  RETURNING coalesce(extract(epoch FROM now() - cooling_down_since), 0)::float8 * 1000 AS cooled_down_ms`
