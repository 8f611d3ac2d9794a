import type pg from "pg"
import { newId } from "../../../src/utils/ids.ts"
import { createRandom, type Random } from "../../lib/random.ts"
import { until } from "../../lib/until.ts"
import { type Site, startWorker } from "./site.ts"
import { createRooms, type User } from "./users.ts"

export interface Corpus {
  /** Texts that the worker indexed a second. */
  indexedPerSecond: number
  /** Bytes of the index with its entries, for each text. */
  bytesPerText: number
}

const IN_A_ROOM = 1_000

/**
 * Gives the first user `own` messages, which a worker indexes, and others the same until there are `texts` in all. What
 * others have is copied within the database, and the index made afterwards: one after the other would take an hour for
 * a million.
 */
export async function fillCorpus(
  site: Site,
  users: readonly User[],
  { texts, own }: { texts: number; own: number },
): Promise<Corpus> {
  const { pool } = site
  const [user] = users as [User]
  const indexedPerSecond = await writeOwn(site, user, own)
  await pool.query("ALTER TABLE messages DISABLE TRIGGER message_added_to_index")
  await pool.query("DROP INDEX search_documents_entries")
  for (let copies = 1; copies < Math.round(texts / own); copies++) {
    const other = users[1 + ((copies - 1) % (users.length - 1))] as User
    await copyTexts(pool, user, other, own)
  }
  await pool.query(
    `SET maintenance_work_mem = '1GB';
     CREATE INDEX search_documents_entries ON search_documents USING gin (entries) WITH (fastupdate = off)`,
  )
  await pool.query("ALTER TABLE messages ENABLE TRIGGER message_added_to_index")
  await pool.query("VACUUM ANALYZE search_documents, messages, chatrooms")
  const { rows } = await pool.query<{ bytes: number }>(
    "SELECT pg_total_relation_size('search_documents')::float8 / (SELECT count(*) FROM search_documents) AS bytes",
  )
  return { indexedPerSecond, bytesPerText: rows[0]?.bytes ?? 0 }
}

async function writeOwn(site: Site, user: User, own: number): Promise<number> {
  const { pool } = site
  const random = createRandom("search")
  const [rooms] = await createRooms(pool, [user], Math.ceil(own / IN_A_ROOM))
  for (const [n, room] of (rooms ?? []).entries()) {
    const texts = Array.from({ length: Math.min(IN_A_ROOM, own - n * IN_A_ROOM) }, () => textOf(random))
    await pool.query(
      `INSERT INTO messages (user_id, id, chatroom_id, parent_id, position, role, content, status, completed_at)
       SELECT $1, id, $2, lag(id) OVER (ORDER BY n), n, CASE WHEN n % 2 = 1 THEN 'user' ELSE 'model' END, content,
         'completed', now()
       FROM unnest($3::uuid[], $4::text[]) WITH ORDINALITY AS message (id, content, n)`,
      [user.id, room, texts.map(newId), texts],
    )
  }
  await using stack = new AsyncDisposableStack()
  const startedAt = performance.now()
  const worker = await startWorker(site)
  stack.defer(() => worker.stop())
  const isIndexed = async () => (await pool.query("SELECT FROM search_queue LIMIT 1")).rowCount === 0
  await until("all is indexed", isIndexed, { timeoutMs: 1_000_000, everyMs: 100 })
  return own / ((performance.now() - startedAt) / 1000)
}

/** Into rooms of its own: another user's texts have other parts of the index, and else the same entries. */
async function copyTexts(pool: pg.Pool, from: User, to: User, own: number): Promise<void> {
  const [rooms] = await createRooms(pool, [to], 1)
  const room = rooms?.[0]
  await pool.query(
    `WITH account AS (
       INSERT INTO search_users (user_id, documents) VALUES ($2, 0)
       ON CONFLICT (user_id) DO UPDATE SET documents = search_users.documents
       RETURNING key, documents
     ), text AS MATERIALIZED (
       SELECT gen_random_uuid() AS copy, m.role, m.content, d.entries, d.n,
         (SELECT key FROM search_users WHERE user_id = $1) AS old_key
       FROM search_documents AS d JOIN messages AS m ON m.user_id = d.user_id AND m.id = d.id WHERE d.user_id = $1
     ), written AS (
       INSERT INTO messages (user_id, id, chatroom_id, position, role, content, status, completed_at)
       SELECT $2, copy, $3, n, role, content, 'completed', now() FROM text
     ), indexed AS (
       INSERT INTO search_documents (user_id, id, n, entries)
       SELECT $2, copy, account.documents + text.n,
         replace(text.entries::text, '''' || search_part(old_key, text.n),
           '''' || search_part(account.key, account.documents + text.n))::tsvector
       FROM text, account
     )
     SELECT FROM account`,
    [from.id, to.id, room],
  )
  // Rooms' names have places, too.
  const values = [to.id, 2 * own]
  await pool.query("UPDATE search_users SET documents = documents + $2 WHERE user_id = $1", values)
}

/** Words that nearly every text has, before those that are the rarer the later they come. */
const COMMON = "the of and to is that for with it you".split(" ")
const SYLLABLES = "ba ce di fo gu ka le mi no pu ra se ti vo zu lan ner sol tum gar".split(" ")
const VOCABULARY = 30_000

/** Returns the word of a rank, from 0 up. */
export function wordAt(rank: number): string {
  if (rank < COMMON.length) return COMMON[rank] as string
  let [word, left] = ["", rank + 400]
  for (; left > 0; left = Math.floor(left / SYLLABLES.length)) word += SYLLABLES[left % SYLLABLES.length]
  return word
}

/** 10 to 70 words, by Zipf's law; one text in twenty has some Chinese. */
function textOf(random: Random): string {
  const words = Array.from({ length: random.int(10, 70) }, () =>
    wordAt(Math.floor(VOCABULARY ** random.next()) - 1),
  )
  if (random.chance(0.05))
    words.push(Array.from({ length: 12 }, () => characterAt(random.int(0, 400))).join(""))
  return words.join(" ")
}

export const characterAt = (n: number) => String.fromCodePoint(0x4e00 + n)
