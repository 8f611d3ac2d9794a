import type { Context } from "../context.ts"

/** Of a hundred megabytes each, or thousands of results. */
const AT_ONCE = 10

/** Deletes imports a day after their end, and what is left of interrupted uploads. Any number of processes may run it. */
export async function collectImports(ctx: Context): Promise<void> {
  const deadline = performance.now() + ctx.timing.worker.eraseMs
  for (let found = AT_ONCE; found === AT_ONCE && performance.now() < deadline && !ctx.stopping.aborted; ) {
    const { rowCount } = await ctx.db.pool.query(COLLECT, [AT_ONCE, ctx.timing.retention.importsMs])
    found = rowCount ?? 0
  }
}

const COLLECT = `
  DELETE FROM imports WHERE ctid = ANY (ARRAY (
    SELECT ctid FROM imports
    WHERE completed_at < app_now() - $2 * interval '1 millisecond'
      OR (lease_until < now() AND status = 'receiving')
    LIMIT $1 FOR UPDATE SKIP LOCKED
  ))`
