import { SECOND } from "../../utils/time.ts"
import type { Context } from "../context.ts"

/** A worker that has been silent for this long counts as gone. */
const ALIVE_MS = 10 * SECOND

/** Says that the worker lives. */
export async function beat(ctx: Context, workerId: string): Promise<void> {
  await ctx.db.pool.query({
    name: "beat",
    text: "INSERT INTO workers (id) VALUES ($1) ON CONFLICT (id) DO UPDATE SET seen_at = now()",
    values: [workerId],
  })
}

/** Says that the worker has stopped in order. */
export async function retire(ctx: Context, workerId: string): Promise<void> {
  await ctx.db.pool.query({ name: "retire", text: "DELETE FROM workers WHERE id = $1", values: [workerId] })
}

/** How many workers have been heard of lately. */
export async function countWorkers(ctx: Context): Promise<number> {
  const { rows } = await ctx.db.pool.query<{ alive: number }>({
    name: "count-workers",
    text: "SELECT count(*)::int AS alive FROM workers WHERE seen_at > now() - $1 * interval '1 millisecond'",
    values: [ALIVE_MS],
  })
  return rows[0]?.alive ?? 0
}
