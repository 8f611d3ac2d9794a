import { inTransaction } from "../../config/database.ts"
import type { Context } from "../context.ts"
import type { AttachmentKey } from "./attachment-record.ts"
import { deleteUnused } from "./delete-attachment.ts"

/** Files at once, and released ones. */
const BATCH = 100
const RELEASES = 1_000

/**
 * Deletes files that no message names any more, that none has named in a day, and what is left of interrupted uploads.
 * Several processes may run it at once, and it may be interrupted anywhere: the next round does the rest.
 */
export async function collectAttachments(ctx: Context): Promise<void> {
  const deadline = performance.now() + ctx.timing.attachments.collectMs
  const mayContinue = () => !ctx.stopping.aborted && performance.now() < deadline
  while (mayContinue() && (await takeReleases(ctx)) === RELEASES);
  while (mayContinue() && (await collectBatch(ctx, mayContinue)));
}

/** @returns whether to go on: not after the last, nor if others hold all of these, which the next round takes up again */
async function collectBatch(ctx: Context, mayContinue: () => boolean): Promise<boolean> {
  const { rows } = await ctx.db.pool.query<AttachmentKey>(EXPIRED, [BATCH])
  let settled = 0
  for (const key of rows) {
    if (!mayContinue()) return false
    const outcome = await inTransaction(ctx.db.pool, (client) =>
      deleteUnused(client, key, { skipLocked: true }),
    )
    if (outcome === "deleted") ctx.metrics.attachmentsCollected.inc()
    if (outcome !== "missing") settled++
  }
  return rows.length === BATCH && settled > 0
}

/** Lets files expire that messages have let go of. Others may still name them, which their deletion looks at. */
async function takeReleases(ctx: Context): Promise<number> {
  const { rows } = await ctx.db.pool.query<{ taken: number }>(TAKE_RELEASES, [RELEASES])
  return rows[0]?.taken ?? 0
}

/** Locked in the order of their keys, so that two rounds at once don't wait for one another. */
const TAKE_RELEASES = `
  WITH taken AS (
    DELETE FROM attachment_releases WHERE ctid = ANY (ARRAY (
      SELECT ctid FROM attachment_releases LIMIT $1 FOR UPDATE SKIP LOCKED
    )) RETURNING user_id, attachment_id
  ), released AS (
    SELECT user_id, id FROM attachments
    WHERE (user_id, id) IN (SELECT user_id, attachment_id FROM taken)
    ORDER BY user_id, id FOR NO KEY UPDATE
  ), expired AS (
    UPDATE attachments AS a SET expires_at = least(a.expires_at, app_now()) FROM released AS r
    WHERE a.user_id = r.user_id AND a.id = r.id
  )
  SELECT count(*)::int AS taken FROM taken`

const EXPIRED = `
  SELECT user_id AS "userId", id FROM attachments WHERE expires_at <= app_now() ORDER BY expires_at LIMIT $1`
