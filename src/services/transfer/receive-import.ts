import { inTransaction } from "../../config/database.ts"
import {
  AppError,
  ImportInProgress,
  InvalidRequest,
  PayloadTooLarge,
  RateLimited,
  Unauthenticated,
  Unavailable,
  UnsupportedMediaType,
} from "../../utils/errors.ts"
import { newId } from "../../utils/ids.ts"
import { DAY } from "../../utils/time.ts"
import { inPieces } from "../attachments/in-pieces.ts"
import { CHUNK_BYTES } from "../attachments/receive-attachment.ts"
import type { Context } from "../context.ts"
import { type Counter, countUnit, secondsUntilFree, uncountUnit } from "../platform/counters.ts"
import { IMPORT_SQL, type ImportKey, type ImportRecord } from "./import-record.ts"

export interface ReceiveImport {
  userId: string
  requestId: string
  chunks: AsyncIterable<Buffer>
}

/**
 * Takes a file of conversations, which is stored as it comes, a chunk at a time, and imported in the background. A user
 * has one import at a time. Whatever ends an upload early, nothing stays of it.
 * @throws {ImportInProgress | RateLimited | PayloadTooLarge | UnsupportedMediaType | InvalidRequest}
 */
export async function receiveImport(ctx: Context, upload: ReceiveImport): Promise<ImportRecord> {
  const { userId, requestId } = upload
  try {
    const received = await ctx.uploads.run(userId, () => receive(ctx, upload))
    ctx.events.importReceived({ userId, importId: received.id, bytes: received.bytes, requestId })
    return received
  } catch (error) {
    if (error instanceof AppError) ctx.events.importRefused({ userId, code: error.code, requestId })
    throw error
  }
}

async function receive(ctx: Context, { userId, chunks }: ReceiveImport): Promise<ImportRecord> {
  const key = { userId, id: newId() }
  await begin(ctx, key)
  try {
    await storeChunks(ctx, key, chunks)
    const { rows } = await ctx.db.execute<ImportRecord>("queue-import", QUEUE, [userId, key.id])
    if (!rows[0]) throw new Unavailable()
    return rows[0]
  } catch (error) {
    // What can't be deleted now goes with the next clean-up.
    await discard(ctx, key).catch(() => undefined)
    throw error
  }
}

/** The index of unfinished imports decides which of several at once begins. */
async function begin(ctx: Context, { userId, id }: ImportKey): Promise<void> {
  await inTransaction(ctx.db.pool, async (client) => {
    await client.query(DELETE_ABANDONED, [userId])
    const begun = await client.query(BEGIN, [userId, id, ctx.timing.imports.unfinishedMs])
    if (begun.rowCount === 0) {
      const user = await client.query("SELECT 1 FROM users WHERE id = $1 AND deleted_at IS NULL", [userId])
      // The user has just been deleted.
      throw user.rowCount === 0 ? new Unauthenticated() : new ImportInProgress()
    }
    const counters = countersOf(ctx, userId)
    if (!(await countUnit(client, counters)))
      throw new RateLimited(
        await secondsUntilFree(client, counters),
        `You may import ${ctx.config.imports.daily} files a day. Try again after the time in Retry-After.`,
      )
  })
}

async function discard(ctx: Context, { userId, id }: ImportKey): Promise<void> {
  await inTransaction(ctx.db.pool, async (client) => {
    const { rowCount } = await client.query(DISCARD, [userId, id])
    if (rowCount === 1) await uncountUnit(client, countersOf(ctx, userId))
  })
}

function countersOf({ config }: Context, userId: string): Counter[] {
  return [{ scope: "import", key: userId, limit: config.imports.daily, windowMs: DAY, from: "clock" }]
}

async function storeChunks(ctx: Context, { userId, id }: ImportKey, chunks: AsyncIterable<Buffer>) {
  const { maxBytes } = ctx.config.imports
  let bytes = 0
  let n = 0
  for await (const piece of inPieces(chunks, CHUNK_BYTES)) {
    if (n === 0) checkBeginning(piece)
    bytes += piece.length
    if (bytes > maxBytes) throw new PayloadTooLarge(maxBytes)
    const values = [userId, id, n++, piece, ctx.timing.imports.unfinishedMs]
    const { rowCount } = await ctx.db.execute("store-import-chunk", STORE, values)
    if (rowCount === 0) throw new Unavailable()
  }
  if (bytes === 0) throw new InvalidRequest([{ path: "body", message: "The file is empty." }])
}

/** What most people try first is the archive that the file came in. */
function checkBeginning(piece: Buffer): void {
  const head = piece.toString("latin1", 0, 4)
  if (head.startsWith("PK\x03\x04") || head.startsWith("\x1f\x8b"))
    throw new UnsupportedMediaType(
      "This is an archive. Unpack it, and send the JSON file in it: of ChatGPT, conversations.json.",
    )
  if (!/^(?:\ufeff)?\s*[[{]/.test(piece.toString("utf8", 0, 1_024)))
    throw new InvalidRequest([{ path: "body", message: "The file isn't JSON." }])
}

const DELETE_ABANDONED = `
  DELETE FROM imports WHERE user_id = $1 AND status = 'receiving' AND lease_until <= now()`

const BEGIN = `
  INSERT INTO imports (user_id, id, lease_until)
  SELECT id, $2, now() + $3 * interval '1 millisecond' FROM users WHERE id = $1 AND deleted_at IS NULL
  ON CONFLICT DO NOTHING`

const STORE = `
  WITH receiving AS (
    UPDATE imports SET bytes = bytes + octet_length($4::bytea), lease_until = now() + $5 * interval '1 millisecond'
    WHERE user_id = $1 AND id = $2 AND status = 'receiving' RETURNING user_id, id
  )
  INSERT INTO import_chunks (user_id, import_id, n, data) SELECT user_id, id, $3, $4 FROM receiving`

const QUEUE = `
  UPDATE imports SET status = 'queued', lease_until = now()
  WHERE user_id = $1 AND id = $2 AND status = 'receiving' RETURNING ${IMPORT_SQL}`

const DISCARD = "DELETE FROM imports WHERE user_id = $1 AND id = $2 AND status = 'receiving'"
