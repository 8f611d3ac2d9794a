import type { Context } from "../context.ts"

/** A file that a user has uploaded, whole. */
export interface AttachmentRecord {
  id: string
  name: string
  /** By its content; of text by its name. */
  type: string
  bytes: number
  width: number | null
  height: number | null
  pages: number | null
  /** Where it is in the object store; null: in chunks. */
  objectKey: string | null
}

/** The SELECT list of an `AttachmentRecord` from `attachments`. Ten megabytes fit into an integer. */
export const ATTACHMENT_SQL = `id, name, type, bytes::int AS bytes, width, height, pages, object_key AS "objectKey"`

/** Names one file. */
export interface AttachmentKey {
  userId: string
  id: string
}

/** Finds a user's own file; null for another's, and for one that hasn't come whole. */
export async function findAttachment(
  ctx: Pick<Context, "db">,
  { userId, id }: AttachmentKey,
): Promise<AttachmentRecord | null> {
  const { rows } = await ctx.db.execute<AttachmentRecord>("get-attachment", GET, [userId, id])
  return rows[0] ?? null
}

const GET = `SELECT ${ATTACHMENT_SQL} FROM attachments WHERE user_id = $1 AND id = $2 AND ready_at IS NOT NULL`
