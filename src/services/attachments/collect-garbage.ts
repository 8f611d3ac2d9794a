import type { Context } from "../context.ts"

const BATCH = 20

interface Garbage {
  place: "objects" | "provider"
  key: string
}

/**
 * Deletes copies whose file is gone: objects of the object store, files of the provider. What can't be deleted is tried
 * again later. Several processes may run it at once: deleting twice does no harm.
 */
export async function collectGarbage(ctx: Context): Promise<void> {
  const deadline = performance.now() + ctx.timing.attachments.collectMs
  for (let found = BATCH; found === BATCH && performance.now() < deadline && !ctx.stopping.aborted; ) {
    const { firstRetryMs, longestRetryMs } = ctx.timing.attachments
    const { rows } = await ctx.db.pool.query<Garbage>(TAKE, [BATCH, firstRetryMs, longestRetryMs])
    found = rows.length
    await Promise.all(rows.map((garbage) => remove(ctx, garbage)))
  }
}

async function remove(ctx: Context, { place, key }: Garbage): Promise<void> {
  try {
    if (place === "provider") await ctx.providerFiles.remove(key, ctx.stopping)
    else await ctx.objects?.remove(key, ctx.stopping)
    // Without a store that has it the object stays known until there is one.
    if (place === "provider" || ctx.objects) await ctx.db.pool.query(DONE, [place, key])
  } catch (err) {
    ctx.log.warn({ err, place }, "a copy of a deleted file can't be deleted yet")
  }
}

/** Taken before it is tried, so that a process that ends with it leaves it to a later try. */
const TAKE = `
  UPDATE attachment_garbage SET tries = tries + 1,
    next_try_at = now() + least($3::float8, $2::float8 * 2 ^ least(tries, 20)) * interval '1 millisecond'
  WHERE ctid = ANY (ARRAY (
    SELECT ctid FROM attachment_garbage WHERE next_try_at <= now() ORDER BY next_try_at LIMIT $1 FOR UPDATE SKIP LOCKED
  )) RETURNING place, key`

const DONE = "DELETE FROM attachment_garbage WHERE place = $1 AND key = $2"
