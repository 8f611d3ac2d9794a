import type { Timing } from "../../config/timing.ts"
import type { Context } from "../context.ts"

/** Returns the SQL condition for a worker that counts as alive. */
export function aliveSql({ worker }: Timing): string {
  return `seen_at > now() - interval '${worker.aliveMs} milliseconds'`
}

/** What a worker reports about itself. */
export interface Beat {
  workerId: string
  concurrency: number
  /** Mean duration of its recent replies; null before the first. */
  meanMs: number | null
  /** The models that it can't call now, each with the ms until it can. */
  cooldowns: Record<string, number>
}

/** Records a worker's heartbeat. */
export async function beat(ctx: Context, { workerId, concurrency, meanMs, cooldowns }: Beat): Promise<void> {
  await ctx.db.execute("beat", BEAT, [workerId, concurrency, meanMs, cooldowns])
}

const BEAT = `
  INSERT INTO workers (id, concurrency, mean_ms, cooldowns) VALUES ($1, $2, $3, $4)
  ON CONFLICT (id) DO UPDATE SET seen_at = now(), concurrency = excluded.concurrency, mean_ms = excluded.mean_ms,
    cooldowns = excluded.cooldowns`

/** Removes a worker that has stopped gracefully. */
export async function retire(ctx: Context, workerId: string): Promise<void> {
  await ctx.db.execute("retire", "DELETE FROM workers WHERE id = $1", [workerId])
}

/** The heartbeats of the workers in all processes. */
export interface Heartbeats {
  /** How many workers were heard from recently. */
  alive: number
  /** Age of the newest heartbeat in ms; null when there was none for an hour. */
  newestMs: number | null
}

export async function readHeartbeats(ctx: Context): Promise<Heartbeats> {
  const { rows } = await ctx.db.execute<Heartbeats>("read-heartbeats", heartbeats(ctx.timing))
  return rows[0] as Heartbeats
}

const heartbeats = (timing: Timing) => `
  SELECT count(*) FILTER (WHERE ${aliveSql(timing)})::int AS alive,
    CASE WHEN max(seen_at) IS NOT NULL
      THEN greatest(0, extract(epoch FROM now() - max(seen_at)) * 1000)::int END AS "newestMs"
  FROM workers`
