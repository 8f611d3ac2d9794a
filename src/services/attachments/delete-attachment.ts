import type pg from "pg"
import { inTransaction } from "../../config/database.ts"
import { AttachmentInUse, NotFound } from "../../utils/errors.ts"
import type { Context } from "../context.ts"
import type { AttachmentKey } from "./attachment-record.ts"

/**
 * Deletes a user's own file that no message names.
 * @throws {NotFound | AttachmentInUse}
 */
export async function deleteAttachment(ctx: Context, key: AttachmentKey): Promise<void> {
  const outcome = await inTransaction(ctx.db.pool, (client) =>
    deleteUnused(client, key, { skipLocked: false }),
  )
  if (outcome === "missing") throw new NotFound("attachment")
  if (outcome === "in-use") throw new AttachmentInUse()
}

/**
 * Deletes a file unless a message names it. The lock comes first and keeps further messages from naming it; the second
 * statement then sees those that do. A file that is in use expires no more.
 * @param skipLocked whether to leave a file alone that somebody is naming or deleting now, rather than wait: `missing`
 */
export async function deleteUnused(
  client: pg.ClientBase,
  { userId, id }: AttachmentKey,
  { skipLocked }: { skipLocked: boolean },
): Promise<"deleted" | "in-use" | "missing"> {
  const values = [userId, id]
  const locked = await client.query(skipLocked ? `${LOCK} SKIP LOCKED` : LOCK, values)
  if (locked.rowCount === 0) return "missing"
  const deleted = await client.query(DELETE, values)
  if (deleted.rowCount === 1) return "deleted"
  await client.query(KEEP, values)
  return "in-use"
}

const LOCK = "SELECT FROM attachments WHERE user_id = $1 AND id = $2 FOR UPDATE"

const DELETE = `
  DELETE FROM attachments WHERE user_id = $1 AND id = $2
    AND NOT EXISTS (SELECT FROM message_attachments WHERE user_id = $1 AND attachment_id = $2)`

const KEEP =
  "UPDATE attachments SET expires_at = NULL WHERE user_id = $1 AND id = $2 AND ready_at IS NOT NULL"
