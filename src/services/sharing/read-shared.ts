import type pg from "pg"
import { z } from "zod"
import { MAX_PAGE_BYTES } from "../../config/limits.ts"
import { selectSql } from "../../models/columns.ts"
import type { PageRequest } from "../../models/keyset.ts"
import type { MessageFields } from "../../models/message.ts"
import { decodeCursor, encodeCursor } from "../../utils/cursor.ts"
import { NotFound } from "../../utils/errors.ts"
import type { Context } from "../context.ts"
import { CHUNK } from "./share-chatroom.ts"

/** What of a message is shared. Thoughts, costs, feedback and ids aren't. */
export const SHARED_FIELDS = [
  "role",
  "content",
  "attachments",
  "citations",
  "searchQueries",
  "status",
  "model",
  "createdAt",
] as const
export type SharedMessage = Pick<MessageFields, (typeof SHARED_FIELDS)[number]>

/** A snapshot as its row knows it. */
export interface Snapshot {
  userId: string
  id: string
  title: string
  messages: number
  createdAt: Date
}

/** A page of a snapshot, from its beginning on. */
export interface SharedPage {
  title: string
  createdAt: Date
  messageCount: number
  messages: SharedMessage[]
  next: string | null
}

const Cursor = z.tuple([
  z
    .number()
    .int()
    .min(0)
    .max(2 ** 31 - 1),
])

/**
 * Reads a page of a shared conversation, oldest messages first, for anybody with the link. Of long texts there are
 * fewer than `limit`.
 * @param address whose reads take turns
 * @param isView whether to count it
 * @throws {NotFound} also when the link was withdrawn, or its owner is suspended or deleted
 * @throws {InvalidRequest | RateLimited}
 */
export async function readShared(
  ctx: Context,
  {
    token,
    address,
    isView,
    limit,
    cursor,
  }: PageRequest & { token: string; address: string; isView: boolean },
): Promise<SharedPage> {
  const snapshot = await findSnapshot(ctx, ctx.db.pool, token)
  const first = cursor === undefined ? 0 : decodeCursor(cursor, Cursor)[0]
  const { userId, id, title, createdAt, messages: messageCount } = snapshot
  const values = [userId, id, first, limit, CHUNK, MAX_PAGE_BYTES]
  const { rows } = await ctx.heavyReads.run(address, () =>
    ctx.db.execute<SharedMessage>("read-shared", PAGE, values),
  )
  if (isView) ctx.shareViews.add(snapshot)
  if (isView) ctx.metrics.shareViews.inc()
  const next = first + rows.length
  const hasMore = rows.length > 0 && next < messageCount
  return { title, createdAt, messageCount, messages: rows, next: hasMore ? encodeCursor([next]) : null }
}

/** Finds a snapshot by its link. @throws {NotFound} as `readShared` */
export async function findSnapshot(
  ctx: Context,
  db: pg.Pool | pg.ClientBase,
  token: string,
): Promise<Snapshot> {
  const { rows } = await (db as pg.Pool).query<Snapshot>({
    name: "find-shared",
    text: FIND,
    values: [ctx.tokens.shares.hash(token)],
  })
  if (!rows[0]) throw new NotFound("shared conversation")
  return rows[0]
}

/** The owner's row decides, so that a link is dead from the moment that its owner is suspended or deleted. */
const FIND = `
  SELECT ${selectSql(["userId", "id", "title", "messages", "createdAt"], "s")}
  FROM shares AS s JOIN users AS u ON u.id = s.user_id
  WHERE s.token_hash = $1 AND u.deleted_at IS NULL AND u.suspended_at IS NULL`

/**
 * The length of a text is known without reading it, so texts beyond the page's bytes aren't read. Materialized, so that
 * each message is looked up by its whole key.
 */
const PAGE = `
  WITH wanted AS MATERIALIZED (
    SELECT c.user_id, named.id, (c.n * $5::int + named.i)::int - 1 AS n
    FROM share_chunks AS c CROSS JOIN LATERAL unnest(c.message_ids) WITH ORDINALITY AS named (id, i)
    WHERE c.user_id = $1 AND c.share_id = $2 AND c.n BETWEEN $3::int / $5::int AND ($3::int + $4::int - 1) / $5::int
  ), found AS (
    SELECT wanted.n, m.*, sum(octet_length(m.content)) OVER earlier AS bytes_before
    FROM wanted JOIN messages AS m ON m.user_id = wanted.user_id AND m.id = wanted.id
    WHERE wanted.n >= $3 AND wanted.n < $3::int + $4::int
    WINDOW earlier AS (ORDER BY wanted.n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
  )
  SELECT ${selectSql(SHARED_FIELDS, "found")}
  FROM found WHERE coalesce(bytes_before, 0) < $6 ORDER BY n`
