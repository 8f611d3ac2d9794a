import type pg from "pg"
import { inTransaction } from "../../config/database.ts"
import type { Context } from "../context.ts"
import { vectorOf } from "./document.ts"
import { languagesOf } from "./languages.ts"
import { wordsOf } from "./words.ts"

/** A text that is to be indexed: a message or, without one, the name of a room. */
interface Entry {
  userId: string
  n: string
  chatroomId: string
  messageId: string | null
}

/** Texts in one transaction, and the bytes that they may have together: each is held in memory with its words. */
const BATCH = 100
const MAX_BATCH_BYTES = 1024 * 1024

/** Keeps the index of what users search up to date, in this process and beside others. */
export interface Indexer {
  /** Indexes what waits, for a while; the next round does the rest. */
  round(): Promise<void>
}

export function createIndexer(ctx: Context): Indexer {
  // Users take turns: a round goes on with those after the last one's.
  let after: string | null = null
  return {
    async round() {
      const deadline = performance.now() + ctx.timing.search.roundMs
      while (!ctx.stopping.aborted && performance.now() < deadline) {
        const before = after
        const batch: Batch = await inTransaction(ctx.db.pool, (client) => indexBatch(ctx, client, before))
        ctx.metrics.searchIndexed.inc(batch.done)
        after = batch.last
        // Nothing waits, or all of it is left for later.
        if (batch.done === 0 && (before === null || after !== null)) break
      }
      await countWaiting(ctx)
    },
  }
}

interface Batch {
  done: number
  /** The user whose texts came last; null where there were none. */
  last: string | null
}

/**
 * Indexes some texts of the users after one. Entries of the queue that another process has locked are left to it. A
 * message or room that is locked is being deleted, or may be: it is left for later, so that nothing waits here for a
 * transaction that may wait for this one.
 */
async function indexBatch(ctx: Context, client: pg.ClientBase, after: string | null): Promise<Batch> {
  const { rows: entries } = await client.query<Entry>(TAKE, [after, BATCH, MAX_BATCH_BYTES])
  if (entries.length === 0) return { done: 0, last: null }
  const texts = await lockTexts(client, entries)
  const done: Entry[] = []
  for (const ofUser of Map.groupBy(entries, ({ userId }) => userId).values())
    done.push(...(await indexTexts(ctx, client, ofUser, texts)))
  await client.query(REMOVE, [done.map(({ userId }) => userId), done.map(({ n }) => n)])
  return { done: done.length, last: entries.at(-1)?.userId ?? null }
}

/** What became of a text: it is there, it is gone or not to be searched (null), or it is locked (undefined). */
type Texts = Map<string, string | null | undefined>

const idOf = ({ messageId, chatroomId }: Entry) => messageId ?? chatroomId

async function lockTexts(client: pg.ClientBase, entries: readonly Entry[]): Promise<Texts> {
  const values = [entries.map(({ userId }) => userId), entries.map(idOf)]
  const rooms = entries.filter(({ messageId }) => messageId === null)
  const { rows: existing } = await client.query<{ id: string }>(EXISTING, values)
  const { rows: messages } = await client.query<{ id: string; text: string | null }>(LOCK_MESSAGES, values)
  const { rows: names } = await client.query<{ id: string; text: string | null }>(LOCK_NAMES, [
    rooms.map(({ userId }) => userId),
    rooms.map(idOf),
  ])
  const texts: Texts = new Map(existing.map(({ id }) => [id, undefined]))
  for (const { id, text } of [...messages, ...names]) texts.set(id, text)
  for (const entry of entries) if (!texts.has(idOf(entry))) texts.set(idOf(entry), null)
  return texts
}

/** Indexes texts of one user. @returns those that are done */
async function indexTexts(
  ctx: Context,
  client: pg.ClientBase,
  entries: readonly Entry[],
  texts: Texts,
): Promise<Entry[]> {
  const done = entries.filter((entry) => texts.get(idOf(entry)) !== undefined)
  const userId = entries[0]?.userId
  const ids = [...new Set(done.map(idOf))]
  await client.query("DELETE FROM search_documents WHERE user_id = $1 AND id = ANY ($2::uuid[])", [
    userId,
    ids,
  ])
  const found = ids.flatMap((id) => {
    const text = texts.get(id)
    return typeof text === "string" ? [{ id, words: [...wordsOf(text)] }] : []
  })
  const searchable = found.filter(({ words }) => words.length > 0)
  if (searchable.length === 0) return done
  const { rows: places } = await client.query<{ n: string; part: string }>(TAKE_PLACES, [
    userId,
    searchable.length,
  ])
  const entriesOf: string[] = []
  for (const [n, { words }] of searchable.entries()) {
    const stems = await ctx.stemmer.of(client, words, languagesOf(words))
    entriesOf.push(vectorOf(places[n]?.part ?? "", words, stems))
  }
  const values = [userId, searchable.map(({ id }) => id), places.map(({ n }) => n), entriesOf]
  await client.query({ name: "index-texts", text: INSERT, values })
  return done
}

async function countWaiting({ db, metrics }: Context): Promise<void> {
  const { rows } = await db.pool.query<{ count: number }>(
    "SELECT count(*)::int AS count FROM (SELECT FROM search_queue LIMIT 10000) AS waiting",
  )
  metrics.searchWaiting.set(rows[0]?.count ?? 0)
}

/** Long texts make a batch short; the first text is always taken. */
const TAKE = `
  WITH batch AS (
    SELECT user_id, n, chatroom_id, message_id FROM search_queue
    WHERE user_id > coalesce($1::uuid, '00000000-0000-0000-0000-000000000000')
    ORDER BY user_id, n LIMIT $2 FOR UPDATE SKIP LOCKED
  ), measured AS (
    SELECT batch.*, sum(octet_length(m.content)) OVER (ORDER BY batch.user_id, batch.n) - octet_length(m.content) AS bytes
    FROM batch LEFT JOIN messages AS m ON m.user_id = batch.user_id AND m.id = batch.message_id
  )
  SELECT user_id AS "userId", n, chatroom_id AS "chatroomId", message_id AS "messageId" FROM measured
  WHERE coalesce(bytes, 0) < $3 ORDER BY user_id, n`

const ASKED = "unnest($1::uuid[], $2::uuid[]) AS asked (user_id, id)"

const EXISTING = `
  SELECT m.id FROM ${ASKED} JOIN messages AS m ON m.user_id = asked.user_id AND m.id = asked.id
  UNION ALL
  SELECT c.id FROM ${ASKED} JOIN chatrooms AS c ON c.user_id = asked.user_id AND c.id = asked.id`

/** As a foreign key locks them: against deletion, until the texts are in the index, from which it then removes them. */
const LOCK_MESSAGES = `
  SELECT m.id, CASE WHEN m.completed_at IS NOT NULL AND NOT c.temporary THEN m.content END AS text
  FROM ${ASKED}
  JOIN messages AS m ON m.user_id = asked.user_id AND m.id = asked.id
  JOIN chatrooms AS c ON c.user_id = m.user_id AND c.id = m.chatroom_id
  FOR KEY SHARE OF m SKIP LOCKED`

const LOCK_NAMES = `
  SELECT c.id, CASE WHEN c.name_by <> 'default' AND NOT c.temporary THEN c.name END AS text
  FROM ${ASKED} JOIN chatrooms AS c ON c.user_id = asked.user_id AND c.id = asked.id
  FOR KEY SHARE OF c SKIP LOCKED`

/** The lock on the row keeps the order of places that of commits. */
const TAKE_PLACES = `
  WITH account AS (
    INSERT INTO search_users (user_id, documents) VALUES ($1, $2)
    ON CONFLICT (user_id) DO UPDATE SET documents = search_users.documents + excluded.documents
    RETURNING key, documents
  )
  SELECT n, search_part(key, n) AS part FROM account, generate_series(documents - $2, documents - 1) AS n ORDER BY n`

const INSERT = `
  INSERT INTO search_documents (user_id, id, n, entries)
  SELECT $1, id, n, entries::tsvector FROM unnest($2::uuid[], $3::bigint[], $4::text[]) AS document (id, n, entries)`

const REMOVE = `
  DELETE FROM search_queue AS q USING unnest($1::uuid[], $2::bigint[]) AS done (user_id, n)
  WHERE q.user_id = done.user_id AND q.n = done.n`
