import { createHash, randomUUID } from "node:crypto"
import { ATTACHMENTS } from "../../config/limits.ts"
import { isProSql } from "../../models/user.ts"
import {
  AppError,
  AttachmentTooLarge,
  StorageQuotaExceeded,
  Unauthenticated,
  Unavailable,
} from "../../utils/errors.ts"
import { newId } from "../../utils/ids.ts"
import type { Context } from "../context.ts"
import { ATTACHMENT_SQL, type AttachmentKey, type AttachmentRecord } from "./attachment-record.ts"
import { cleanName } from "./clean-name.ts"
import { inPieces } from "./in-pieces.ts"
import { createInspection, type Inspected } from "./inspect.ts"
import type { ObjectStore } from "./object-store.ts"
import { readContent } from "./read-attachment.ts"
import { textTypeOf } from "./text-types.ts"

export interface ReceiveAttachment {
  userId: string
  requestId: string
  /** As the client writes it. */
  name: string | null
  chunks: AsyncIterable<Buffer>
}

/** One row each: few enough for a file, and little enough to hold in memory for every upload and download. */
export const CHUNK_BYTES = 256 * 1024

/**
 * Takes a file, which is stored and looked at as it comes, a chunk at a time. Its bytes count against its user's space
 * with each chunk, so that uploads at once can't take more than there is. Whatever ends it early, nothing stays.
 * @throws {AttachmentTooLarge | AttachmentInvalid | AttachmentTypeUnknown | StorageQuotaExceeded | RateLimited}
 */
export async function receiveAttachment(ctx: Context, upload: ReceiveAttachment): Promise<AttachmentRecord> {
  const { userId, requestId } = upload
  try {
    const attachment = await ctx.uploads.run(userId, () => receive(ctx, upload))
    ctx.events.attachmentStored({ userId, attachmentId: attachment.id, bytes: attachment.bytes, requestId })
    return attachment
  } catch (error) {
    if (error instanceof AppError) ctx.events.attachmentRefused({ userId, code: error.code, requestId })
    throw error
  }
}

async function receive(ctx: Context, { userId, name, chunks }: ReceiveAttachment): Promise<AttachmentRecord> {
  const key = { userId, id: newId() }
  const cleaned = cleanName(name ?? "")
  const mostBytes = await begin(ctx, key, cleaned)
  try {
    const { sha256, bytes, ...found } = await storeChunks(ctx, key, mostBytes, chunks)
    if (ctx.objects) await moveToObjects(ctx, ctx.objects, { ...key, bytes, sha256 })
    return await finish(ctx, key, cleaned, found)
  } catch (error) {
    // What can't be deleted now goes with the next collections.
    await ctx.db.pool.query(DISCARD, [key.userId, key.id]).catch(() => undefined)
    throw error
  }
}

/** @returns how many bytes all files of the user may have */
async function begin({ db, config, timing }: Context, { userId, id }: AttachmentKey, name: string) {
  const { basicBytes, proBytes } = config.attachments
  const values = [userId, id, name, timing.attachments.unfinishedMs, basicBytes, proBytes]
  const { rows } = await db.execute<{ most: string }>("begin-attachment", BEGIN, values)
  // The user has just been deleted.
  if (!rows[0]) throw new Unauthenticated()
  return Number(rows[0].most)
}

async function storeChunks(
  ctx: Context,
  { userId, id }: AttachmentKey,
  mostBytes: number,
  chunks: AsyncIterable<Buffer>,
): Promise<Inspected & { bytes: number; sha256: string }> {
  const hash = createHash("sha256")
  const inspection = createInspection()
  let bytes = 0
  let n = 0
  for await (const piece of inPieces(chunks, CHUNK_BYTES)) {
    bytes += piece.length
    if (bytes > ATTACHMENTS.maxBytes) throw new AttachmentTooLarge(ATTACHMENTS.maxBytes)
    inspection.push(piece)
    hash.update(piece)
    const { rows } = await ctx.db.execute<{ outcome: "stored" | "full" | "gone" }>(
      "store-attachment-chunk",
      STORE,
      [userId, id, n++, piece, mostBytes],
    )
    if (rows[0]?.outcome === "full") throw new StorageQuotaExceeded(mostBytes)
    if (rows[0]?.outcome !== "stored") throw new Unavailable()
  }
  return { ...inspection.end(), bytes, sha256: hash.digest("hex") }
}

/**
 * Copies a file to the object store. Its key is known before, so that whatever happens then its object is deleted with
 * the row. Random, so that it says nothing of the user.
 */
async function moveToObjects(
  ctx: Context,
  objects: ObjectStore,
  { userId, id, bytes, sha256 }: AttachmentKey & { bytes: number; sha256: string },
): Promise<void> {
  const objectKey = randomUUID()
  const content = readContent(ctx, userId, { id, bytes, objectKey: null })
  const { rowCount } = await ctx.db.execute("name-object", NAME_OBJECT, [userId, id, objectKey])
  if (rowCount === 0) throw new Unavailable()
  try {
    await objects.put({ key: objectKey, bytes, sha256, content }, ctx.stopping)
  } catch (error) {
    throw new Unavailable(error)
  }
}

/** Text goes to the model as plain text, whatever it is written in. */
async function finish(
  ctx: Context,
  { userId, id }: AttachmentKey,
  name: string,
  { type, width, height, pages }: Inspected,
): Promise<AttachmentRecord> {
  const values = [
    userId,
    id,
    type ?? textTypeOf(name),
    type ?? "text/plain",
    width ?? null,
    height ?? null,
    pages ?? null,
  ]
  const { rows } = await ctx.db.execute<AttachmentRecord>("finish-attachment", FINISH, [
    ...values,
    ctx.timing.attachments.unusedMs,
  ])
  if (!rows[0]) throw new Unavailable()
  return rows[0]
}

const BEGIN = `
  WITH owner AS (
    SELECT id, CASE WHEN ${isProSql("u")} THEN $6::bigint ELSE $5::bigint END AS most
    FROM users AS u WHERE id = $1 AND deleted_at IS NULL
  ), usage AS (
    INSERT INTO attachment_usage (user_id) SELECT id FROM owner ON CONFLICT DO NOTHING
  ), begun AS (
    INSERT INTO attachments (user_id, id, name, type, read_as, expires_at)
    SELECT id, $2, $3, '', '', app_now() + $4 * interval '1 millisecond' FROM owner
  )
  SELECT most FROM owner`

const STORE = "SELECT store_attachment_chunk($1, $2, $3, $4, $5) AS outcome"

const NAME_OBJECT =
  "UPDATE attachments SET object_key = $3 WHERE user_id = $1 AND id = $2 AND ready_at IS NULL"

/** Chunks that were copied to the object store aren't needed any more. */
const FINISH = `
  WITH copied AS (
    DELETE FROM attachment_chunks AS c USING attachments AS a
    WHERE a.user_id = $1 AND a.id = $2 AND a.object_key IS NOT NULL AND c.user_id = $1 AND c.attachment_id = $2
  )
  UPDATE attachments SET type = $3, read_as = $4, width = $5, height = $6, pages = $7, ready_at = app_now(),
    expires_at = app_now() + $8 * interval '1 millisecond'
  WHERE user_id = $1 AND id = $2 AND ready_at IS NULL
  RETURNING ${ATTACHMENT_SQL}`

const DISCARD = "DELETE FROM attachments WHERE user_id = $1 AND id = $2 AND ready_at IS NULL"
