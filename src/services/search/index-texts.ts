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
      let size = BATCH
      while (!ctx.stopping.aborted && performance.now() < deadline) {
        const before = after
        const batch = await tryBatch(ctx, { after: before, size })
        // One of them can't be indexed: one by one, the others can.
        if (batch === null) {
          size = 1
          continue
        }
        ctx.metrics.searchIndexed.inc(batch.done)
        after = batch.last
        // Nothing waits, or all of it is left for later.
        if (batch.done === 0 && (before === null || after !== null)) break
      }
      await countWaiting(ctx)
    },
  }
}

/**
 * Indexes a batch. A text that PostgreSQL refuses must not keep the others waiting: alone in its batch, it is left out.
 * @returns null for a batch of several with such a text
 */
async function tryBatch(ctx: Context, wanted: Wanted): Promise<Batch | null> {
  try {
    return await inTransaction(ctx.db.pool, (client) => indexBatch(ctx, client, wanted))
  } catch (err) {
    if (!isRefusal(err)) throw err
    if (wanted.size > 1) return null
    ctx.log.error({ err }, "text not indexed")
    const { rows } = await ctx.db.pool.query<{ userId: string }>(SKIP, [wanted.after])
    return { done: rows.length, last: rows[0]?.userId ?? null }
  }
}

/** Data that PostgreSQL can't take, or takes no more of (classes 22 and 54 of its codes). */
const isRefusal = (error: unknown) =>
  error instanceof Error && "code" in error && /^(?:22|54)/.test(String(error.code))

/** The users after this one, and how many texts. */
interface Wanted {
  after: string | null
  size: number
}

interface Batch {
  done: number
  /** The user whose texts came last; null where there were none. */
  last: string | null
}

/**
 * Indexes some texts of the users after one. What another transaction has locked is left for later: entries of the queue
 * that another process indexes, users and messages that are being deleted. So nothing waits here for a
 * transaction that may wait for this one.
 */
async function indexBatch(ctx: Context, client: pg.ClientBase, { after, size }: Wanted): Promise<Batch> {
  const { rows: taken } = await client.query<Entry>(TAKE, [after, size, MAX_BATCH_BYTES])
  const last = taken.at(-1)?.userId ?? null
  const entries = await lockUsers(client, taken)
  const texts = await lockTexts(client, entries)
  const done = entries.filter((entry) => texts.get(idOf(entry)) !== undefined)
  await replaceDocuments(ctx, client, withoutRepeats(done), texts)
  await client.query(REMOVE, [done.map(({ userId }) => userId), done.map(({ n }) => n)])
  return { done: done.length, last }
}

const idOf = ({ messageId, chatroomId }: Entry) => messageId ?? chatroomId

const withoutRepeats = (entries: readonly Entry[]) => [
  ...new Map(entries.map((entry) => [idOf(entry), entry])).values(),
]

/**
 * Locks users, in the order of their ids, before their texts are read: of two processes that index one text the later
 * one reads the newer text. The lock keeps the order of places that of commits, too.
 * @returns the entries whose users are locked, or gone
 */
async function lockUsers(client: pg.ClientBase, taken: readonly Entry[]): Promise<Entry[]> {
  const ids = [...new Set(taken.map(({ userId }) => userId))]
  const { rows } = await client.query<{ id: string }>(LOCK_USERS, [ids])
  const { rows: existing } = await client.query<{ id: string }>(
    "SELECT id FROM users WHERE id = ANY ($1::uuid[])",
    [ids],
  )
  const locked = new Set(rows.map(({ id }) => id))
  const left = new Set(existing.map(({ id }) => id).filter((id) => !locked.has(id)))
  return taken.filter(({ userId }) => !left.has(userId))
}

/** What became of a text: it is there, it is gone or not to be searched (null), or it is locked (undefined). */
type Texts = Map<string, string | null | undefined>

async function lockTexts(client: pg.ClientBase, entries: readonly Entry[]): Promise<Texts> {
  const texts: Texts = new Map(entries.map((entry) => [idOf(entry), null]))
  const names = entries.filter(({ messageId }) => messageId === null)
  const values = (some: readonly Entry[]) => [some.map(({ userId }) => userId), some.map(idOf)]
  const { rows: existing } = await client.query<{ id: string }>(EXISTING, values(entries))
  for (const { id } of existing) texts.set(id, undefined)
  for (const [lock, some] of [
    [LOCK_MESSAGES, entries],
    [NAMES, names],
  ] as const) {
    const { rows } = await client.query<{ id: string; text: string | null }>(lock, values(some))
    for (const { id, text } of rows) texts.set(id, text)
  }
  return texts
}

/** Takes texts out of the index, and into it as they are now, after all others of their users. */
async function replaceDocuments(
  ctx: Context,
  client: pg.ClientBase,
  entries: readonly Entry[],
  texts: Texts,
): Promise<void> {
  await client.query(LEAVE, [entries.map(({ userId }) => userId), entries.map(idOf)])
  const found = entries.map((entry) => ({ ...entry, words: [...wordsOf(texts.get(idOf(entry)) ?? "")] }))
  const documents = found.filter(({ words }) => words.length > 0)
  if (documents.length === 0) return
  const { rows: places } = await client.query<{ n: string; part: string }>(TAKE_PLACES, [
    documents.map(({ userId }) => userId),
  ])
  const vectors: string[] = []
  for (const [n, { words }] of documents.entries()) {
    const stems = await ctx.stemmer.of(client, words, languagesOf(words))
    vectors.push(vectorOf(places[n]?.part ?? "", words, stems))
  }
  await client.query(INSERT, [
    documents.map(({ userId }) => userId),
    documents.map(idOf),
    places.map(({ n }) => n),
    vectors,
  ])
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

/** The same first one as that. `IN` may look for it once a row, and then finds the next one each time. */
const SKIP = `
  WITH first AS MATERIALIZED (
    SELECT user_id, n FROM search_queue
    WHERE user_id > coalesce($1::uuid, '00000000-0000-0000-0000-000000000000')
    ORDER BY user_id, n LIMIT 1 FOR UPDATE SKIP LOCKED
  )
  DELETE FROM search_queue AS q USING first WHERE q.user_id = first.user_id AND q.n = first.n
  RETURNING q.user_id AS "userId"`

const LOCK_USERS = `
  WITH owner AS MATERIALIZED (
    SELECT id FROM users WHERE id = ANY ($1::uuid[]) ORDER BY id FOR KEY SHARE SKIP LOCKED
  )
  INSERT INTO search_users (user_id) SELECT id FROM owner ORDER BY id
  ON CONFLICT (user_id) DO UPDATE SET documents = search_users.documents
  RETURNING user_id AS id`

const ASKED = "unnest($1::uuid[], $2::uuid[]) AS asked (user_id, id)"

const EXISTING = `
  SELECT m.id FROM ${ASKED} JOIN messages AS m ON m.user_id = asked.user_id AND m.id = asked.id`

/** As a foreign key locks them: against deletion, until the texts are in the index, from which it then removes them. */
const LOCK_MESSAGES = `
  SELECT m.id, CASE WHEN m.completed_at IS NOT NULL AND NOT c.temporary THEN m.content END AS text
  FROM ${ASKED}
  JOIN messages AS m ON m.user_id = asked.user_id AND m.id = asked.id
  JOIN chatrooms AS c ON c.user_id = m.user_id AND c.id = m.chatroom_id
  FOR KEY SHARE OF m SKIP LOCKED`

/** Without a lock, at which clean-up would leave the room for its next round: a room that is deleted is noted once more. */
const NAMES = `
  SELECT c.id, CASE WHEN c.name_by <> 'default' AND NOT c.temporary THEN c.name END AS text
  FROM ${ASKED} JOIN chatrooms AS c ON c.user_id = asked.user_id AND c.id = asked.id`

const LEAVE = `
  DELETE FROM search_documents AS d USING ${ASKED} WHERE d.user_id = asked.user_id AND d.id = asked.id`

/** Gives a place to each of the users, which come in the order of their ids. */
const TAKE_PLACES = `
  WITH wanted AS (
    SELECT user_id, count(*) AS count FROM unnest($1::uuid[]) AS user_id GROUP BY user_id
  ), moved AS (
    UPDATE search_users AS u SET documents = u.documents + wanted.count FROM wanted WHERE u.user_id = wanted.user_id
    RETURNING u.user_id, u.key, u.documents, wanted.count
  )
  SELECT n, search_part(key, n) AS part FROM moved, generate_series(documents - count, documents - 1) AS n
  ORDER BY user_id, n`

const INSERT = `
  INSERT INTO search_documents (user_id, id, n, entries)
  SELECT user_id, id, n, entries::tsvector
  FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[]) AS document (user_id, id, n, entries)`

const REMOVE = `
  DELETE FROM search_queue AS q USING unnest($1::uuid[], $2::bigint[]) AS done (user_id, n)
  WHERE q.user_id = done.user_id AND q.n = done.n`
