import { NotFound } from "../../utils/errors.ts"
import type { Context } from "../context.ts"
import type { Problem } from "./problems.ts"
import type { ImportFormat } from "./read-conversation.ts"

/** Names one import. */
export interface ImportKey {
  userId: string
  id: string
}

/** An import as its owner may see it. */
export interface ImportRecord {
  id: string
  status: "receiving" | "queued" | "running" | "completed" | "failed"
  /** null until it is known. */
  format: ImportFormat | null
  bytes: number
  /** Conversations that were looked at, of `total`, which is null until the file was read through. */
  done: number
  total: number | null
  createdAt: Date
  completedAt: Date | null
}

/** An import with what became of it so far. */
export interface ImportReport extends ImportRecord {
  /** The rooms that were made, in the order of the file. */
  chatrooms: string[]
  problems: Problem[]
}

export const IMPORT_SQL = `
  id, status, format, bytes::float8 AS bytes, done, total, created_at AS "createdAt", completed_at AS "completedAt"`

/** Reads a user's own import. @throws {NotFound} also a day after its end */
export async function getImport(ctx: Context, { userId, id }: ImportKey): Promise<ImportReport> {
  const { rows } = await ctx.db.execute<ImportRecord & { problem: Problem | null }>("get-import", GET, [
    userId,
    id,
  ])
  if (!rows[0]) throw new NotFound("import")
  const { problem, ...record } = rows[0]
  const results = await ctx.db.execute<{ chatroomId: string | null; problems: Problem[] }>(
    "import-results",
    RESULTS,
    [userId, id],
  )
  return {
    ...record,
    chatrooms: results.rows.flatMap(({ chatroomId }) => chatroomId ?? []),
    problems: [...(problem ? [problem] : []), ...results.rows.flatMap(({ problems }) => problems)],
  }
}

const GET = `SELECT ${IMPORT_SQL}, problem FROM imports WHERE user_id = $1 AND id = $2`

const RESULTS = `
  SELECT chatroom_id AS "chatroomId", problems FROM import_results WHERE user_id = $1 AND import_id = $2 ORDER BY n`

/** Reads all imports of a user that are still known, for an export. */
export async function listImports(ctx: Context, userId: string): Promise<ImportRecord[]> {
  return (await ctx.db.pool.query<ImportRecord>(LIST, [userId])).rows
}

const LIST = `SELECT ${IMPORT_SQL} FROM imports WHERE user_id = $1 ORDER BY id`
