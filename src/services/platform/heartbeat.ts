import type { Timing } from "../../config/timing.ts"
import type { Context } from "../context.ts"

/** Whether a worker counts as there. */
export function aliveSql({ worker }: Timing): string {
  return `seen_at > now() - interval '${worker.aliveMs} milliseconds'`
}

/** What a worker says of itself. */
export interface Beat {
  workerId: string
  concurrency: number
  /** What its last generations took on average, null before the first. */
  meanMs: number | null
}

/** Says that the worker lives. */
export async function beat(ctx: Context, { workerId, concurrency, meanMs }: Beat): Promise<void> {
  await ctx.db.pool.query({ name: "beat", text: BEAT, values: [workerId, concurrency, meanMs] })
}

const BEAT = `
  INSERT INTO workers (id, concurrency, mean_ms) VALUES ($1, $2, $3)
  ON CONFLICT (id) DO UPDATE SET seen_at = now(), concurrency = excluded.concurrency, mean_ms = excluded.mean_ms`

/** Says that the worker has stopped in order. */
export async function retire(ctx: Context, workerId: string): Promise<void> {
  await ctx.db.pool.query({ name: "retire", text: "DELETE FROM workers WHERE id = $1", values: [workerId] })
}

/** What is heard of the workers of all processes. */
export interface Heartbeats {
  /** How many have been heard of lately. */
  alive: number
  /** How long ago the last one was, in ms; null where none has been for an hour. */
  newestMs: number | null
}

export async function readHeartbeats(ctx: Context): Promise<Heartbeats> {
  const { rows } = await ctx.db.pool.query<Heartbeats>({
    name: "read-heartbeats",
    text: heartbeats(ctx.timing),
  })
  return rows[0] as Heartbeats
}

const heartbeats = (timing: Timing) => `
  SELECT count(*) FILTER (WHERE ${aliveSql(timing)})::int AS alive,
    CASE WHEN max(seen_at) IS NOT NULL
      THEN greatest(0, extract(epoch FROM now() - max(seen_at)) * 1000)::int END AS "newestMs"
  FROM workers`
