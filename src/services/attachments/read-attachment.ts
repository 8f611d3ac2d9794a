import { NotFound } from "../../utils/errors.ts"
import type { Context } from "../context.ts"
import { type AttachmentKey, type AttachmentRecord, findAttachment } from "./attachment-record.ts"

/** Finds a user's own file. @throws {NotFound} */
export async function findOwnAttachment(ctx: Context, key: AttachmentKey): Promise<AttachmentRecord> {
  const attachment = await findAttachment(ctx, key)
  if (!attachment) throw new NotFound("attachment")
  return attachment
}

/**
 * Reads a file's bytes, a chunk at a time, as fast as they are asked for.
 * @throws {Error} in the middle of a file that is deleted meanwhile
 */
export async function* readContent(
  ctx: Pick<Context, "db" | "heavyReads" | "objects" | "stopping">,
  userId: string,
  { id, bytes, objectKey }: Pick<AttachmentRecord, "id" | "bytes" | "objectKey">,
): AsyncGenerator<Buffer> {
  if (objectKey !== null) {
    if (!ctx.objects) throw new Error("the attachment is in an object store, and ATTACHMENTS_URL isn't set")
    yield* ctx.objects.get(objectKey, ctx.stopping)
    return
  }
  for (let n = 0, read = 0; read < bytes; n++) {
    // In turns with the user's other reads, so that downloads don't keep everybody else waiting.
    const chunk = await ctx.heavyReads.run(userId, () => readChunk(ctx, [userId, id, n]), {
      mayRefuse: false,
    })
    if (!chunk) throw new Error("the attachment was deleted while it was read")
    read += chunk.length
    yield chunk
  }
}

/** As hexadecimal text on the wire: `pg` reads what comes in binary as UTF-8. */
async function readChunk({ db }: Pick<Context, "db">, values: unknown[]): Promise<Buffer | undefined> {
  const { rows } = await db.execute<{ data: Buffer }>("read-attachment-chunk", READ, values)
  return rows[0]?.data
}

const READ = "SELECT data FROM attachment_chunks WHERE user_id = $1 AND attachment_id = $2 AND n = $3"
