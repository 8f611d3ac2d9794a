import type pg from "pg"
import { publicUrl } from "../../config/public-url.ts"
import { NotFound } from "../../utils/errors.ts"
import type { ShareKey } from "../auth/share-tokens.ts"
import type { Context } from "../context.ts"

/** The link to a snapshot of a room, as its owner sees it. */
export interface Share {
  /** null once the secret that made the link is gone; the link works on, and sharing again makes another. */
  url: string | null
  title: string
  /** How many messages the snapshot has. */
  messages: number
  views: number
  /** When the snapshot was taken. */
  createdAt: Date
}

/** A row of the table. */
export interface ShareRow extends ShareKey, Omit<Share, "url"> {}

export interface SharedRoom {
  userId: string
  chatroomId: string
}

/** Returns the link of a room. @throws {NotFound} when it isn't shared */
export async function getShare(ctx: Context, room: SharedRoom): Promise<Share> {
  const row = await findShare(ctx.db.pool, room)
  if (!row) throw new NotFound("share")
  return toShare(ctx, row)
}

/** Finds the link of a room, the user's own. */
export async function findShare(
  db: pg.Pool | pg.ClientBase,
  { userId, chatroomId }: SharedRoom,
): Promise<ShareRow | null> {
  const { rows } = await (db as pg.Pool).query<ShareRow>(FIND, [userId, chatroomId])
  return rows[0] ?? null
}

const COLUMNS = `id, token_hash AS "tokenHash", title, messages, views::float8 AS views, created_at AS "createdAt"`

const FIND = `
  SELECT ${COLUMNS} FROM shares WHERE user_id = $1 AND chatroom_id = $2`

/** The same, and nobody withdraws it before the transaction ends. */
export async function lockShare(
  client: pg.ClientBase,
  { userId, chatroomId }: SharedRoom,
): Promise<ShareRow | null> {
  const { rows } = await client.query<ShareRow>(`${FIND} FOR UPDATE`, [userId, chatroomId])
  return rows[0] ?? null
}

export function toShare(ctx: Context, row: ShareRow): Share {
  const token = ctx.tokens.shares.recover(row)
  const { title, messages, views, createdAt } = row
  return { url: token === null ? null : urlOf(ctx, token), title, messages, views, createdAt }
}

function urlOf({ config }: Context, token: string): string {
  return `${publicUrl(config)}/shared/${token}`
}

/** Yields all links of a user for an export, some at a time. */
export async function* listShares(
  ctx: Context,
  userId: string,
): AsyncGenerator<({ chatroomId: string } & Share)[]> {
  for (let after: string | null = null; ; ) {
    const values: unknown[] = [userId, after, AT_ONCE]
    const { rows } = await ctx.db.pool.query<ShareRow & { chatroomId: string }>(LIST, values)
    if (rows.length > 0) yield rows.map((row) => ({ chatroomId: row.chatroomId, ...toShare(ctx, row) }))
    if (rows.length < AT_ONCE) return
    after = rows.at(-1)?.id ?? null
  }
}

const AT_ONCE = 500
const LIST = `
  SELECT chatroom_id AS "chatroomId", ${COLUMNS} FROM shares
  WHERE user_id = $1 AND id > coalesce($2::uuid, '00000000-0000-0000-0000-000000000000')
  ORDER BY id LIMIT $3`
