import type { Context } from "../context.ts"

interface Summary {
  chatroomId: string
  messageId: string
  content: string
  createdAt: Date
}

/** Each has a few thousand bytes at most. */
const AT_ONCE = 100

/** Yields the summaries of a user's rooms, page by page, each with the last message that it covers. */
export async function* readSummaries(ctx: Context, userId: string): AsyncGenerator<Summary[]> {
  for (let lastId: string | null = null; ; ) {
    const page = (): Promise<{ rows: Summary[] }> => ctx.db.pool.query(READ, [userId, lastId, AT_ONCE])
    const { rows } = await ctx.heavyReads.run(userId, page, { mayRefuse: false })
    if (rows.length > 0) yield rows
    if (rows.length < AT_ONCE) return
    lastId = rows.at(-1)?.messageId ?? null
  }
}

const READ = `
  SELECT chatroom_id AS "chatroomId", message_id AS "messageId", content, created_at AS "createdAt"
  FROM room_summaries
  WHERE user_id = $1 AND message_id > coalesce($2::uuid, '00000000-0000-0000-0000-000000000000')
  ORDER BY message_id LIMIT $3`
