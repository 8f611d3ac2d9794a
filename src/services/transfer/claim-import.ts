import type pg from "pg"
import { inTransaction } from "../../config/database.ts"
import type { Context } from "../context.ts"
import type { ImportKey } from "./import-record.ts"
import type { Problem } from "./problems.ts"
import type { ImportFormat } from "./read-conversation.ts"

/** An import that this process works on. Every write names its attempt, so a stale one writes nothing. */
export interface ClaimedImport extends ImportKey {
  attempt: number
  done: number
  total: number | null
  bytes: number
  /** How often it was claimed since a conversation was last done. */
  stalls: number
}

/** Another process has taken the import over, or it is gone with its user. */
export class ImportLost extends Error {}

/** Takes the import that has waited longest; also one whose process hasn't been heard of within its lease. */
export async function claimImport(ctx: Context): Promise<ClaimedImport | null> {
  const { rows } = await ctx.db.execute<ClaimedImport>("claim-import", CLAIM, [ctx.timing.imports.leaseMs])
  return rows[0] ?? null
}

const CLAIM = `
  WITH due AS (
    SELECT i.user_id, i.id FROM imports AS i JOIN users AS u ON u.id = i.user_id
    WHERE i.lease_until <= now() AND i.status IN ('queued', 'running') AND u.deleted_at IS NULL
    ORDER BY i.lease_until LIMIT 1 FOR UPDATE OF i SKIP LOCKED
  )
  UPDATE imports AS i SET status = 'running', attempt = i.attempt + 1, stalls = i.stalls + 1,
    lease_until = now() + $1 * interval '1 millisecond'
  FROM due WHERE i.user_id = due.user_id AND i.id = due.id
  RETURNING i.user_id AS "userId", i.id, i.attempt, i.done, i.total, i.bytes::float8 AS bytes, i.stalls`

/**
 * Yields the file, a chunk at a time, and keeps the claim.
 * @throws {ImportLost}
 */
export async function* readFile(ctx: Context, claimed: ClaimedImport): AsyncGenerator<Buffer> {
  const { userId, id } = claimed
  for (let n = 0, read = 0; read < claimed.bytes; n++) {
    if (n % CHUNKS_PER_RENEWAL === 0) await renew(ctx, claimed)
    const { rows } = await ctx.db.execute<{ data: Buffer }>("read-import-chunk", READ, [userId, id, n])
    if (!rows[0]) throw new ImportLost()
    read += rows[0].data.length
    yield rows[0].data
  }
}

/** A few megabytes: far less than a lease's time. */
const CHUNKS_PER_RENEWAL = 16
const READ = "SELECT data FROM import_chunks WHERE user_id = $1 AND import_id = $2 AND n = $3"

async function renew(ctx: Context, { userId, id, attempt }: ClaimedImport): Promise<void> {
  const values = [userId, id, attempt, ctx.timing.imports.leaseMs]
  const { rowCount } = await ctx.db.execute("renew-import", RENEW, values)
  if (rowCount === 0) throw new ImportLost()
}

const FENCE = "user_id = $1 AND id = $2 AND attempt = $3 AND status = 'running'"
const RENEW = `UPDATE imports SET lease_until = now() + $4 * interval '1 millisecond' WHERE ${FENCE}`

/** Keeps what was found when the file was read through. @throws {ImportLost} */
export async function keepTotal(
  ctx: Context,
  { userId, id, attempt }: ClaimedImport,
  { total, format }: { total: number; format: ImportFormat | null },
): Promise<void> {
  const { rowCount } = await ctx.db.pool.query(
    `UPDATE imports SET total = $4, format = $5, stalls = 1 WHERE ${FENCE}`,
    [userId, id, attempt, total, format],
  )
  if (rowCount === 0) throw new ImportLost()
}

/**
 * Moves an import past conversation `n`, in the transaction that writes what became of it: of all that try, one does.
 * Comes first in it: the row's lock keeps the claim until the commit.
 * @throws {ImportLost}
 */
export async function passConversation(
  ctx: Context,
  client: pg.ClientBase,
  { userId, id, attempt }: ClaimedImport,
  n: number,
): Promise<void> {
  const values = [userId, id, attempt, ctx.timing.imports.leaseMs, n]
  const { rowCount } = await client.query({ name: "pass-conversation", text: PASS, values })
  if (rowCount === 0) throw new ImportLost()
}

const PASS = `
  UPDATE imports SET done = $5::int + 1, stalls = 0, lease_until = now() + $4 * interval '1 millisecond'
  WHERE ${FENCE} AND done = $5::int`

/** Notes what became of conversation `n`, in the same transaction. */
export async function keepResult(
  client: pg.ClientBase,
  { userId, id }: ImportKey,
  { n, chatroomId, problems }: { n: number; chatroomId: string | null; problems: Problem[] },
): Promise<void> {
  const values = [userId, id, n, chatroomId, JSON.stringify(problems)]
  await client.query({ name: "keep-import-result", text: KEEP_RESULT, values })
}

const KEEP_RESULT = `
  INSERT INTO import_results (user_id, import_id, n, chatroom_id, problems) VALUES ($1, $2, $3, $4, $5)`

/** Ends an import; its file goes at once. @param problem why nothing more is imported of it */
export async function endImport(
  ctx: Context,
  { userId, id, attempt }: ClaimedImport,
  problem: Problem | null,
): Promise<void> {
  const status = problem ? "failed" : "completed"
  await inTransaction(ctx.db.pool, async (client) => {
    const ended = await client.query(END, [userId, id, attempt, status, problem && JSON.stringify(problem)])
    if (ended.rowCount === 0) throw new ImportLost()
    await client.query("DELETE FROM import_chunks WHERE user_id = $1 AND import_id = $2", [userId, id])
  })
}

const END = `
  UPDATE imports SET status = $4, problem = $5, lease_until = NULL, completed_at = app_now() WHERE ${FENCE}`

/** Hands an import back, so that another process goes on with it at once. */
export async function releaseImport(ctx: Context, { userId, id, attempt }: ClaimedImport): Promise<void> {
  const release = `UPDATE imports SET lease_until = now(), stalls = greatest(stalls - 1, 0) WHERE ${FENCE}`
  await ctx.db.pool.query(release, [userId, id, attempt])
}
