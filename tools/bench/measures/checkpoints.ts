import { until } from "../../lib/until.ts"
import { type Site, startWorker } from "../helpers/site.ts"
import { createRooms, post, type User } from "../helpers/users.ts"

/** What a reply may write to the log of the database, which every standby and every backup gets. */
export const WAL_GOAL_BYTES = 40 * 1024

/** Of the updates of messages: within the row's page, so that no index changes. */
export const HOT_GOAL = 0.8

export interface Checkpoints {
  walBytes: number
  /** Updates of `messages` for a reply, and the share of them within a page. */
  updates: number
  hotShare: number
}

const REPLIES = 8

/** 20 s, and 3,390 characters. */
const LONG = "[[gemini: chunks=200 delay=100]] Tell me a long story."

/**
 * What replies that last 20 s cost the database's log, from their prompts to their ends, and how their rows are updated.
 * What the index of the search takes afterwards isn't in it.
 * Images of whole pages aren't counted, which depend on how often the database makes its checkpoints.
 */
export async function measureCheckpoints(site: Site, users: readonly User[]): Promise<Checkpoints> {
  await using stack = new AsyncDisposableStack()
  const worker = await startWorker(site)
  stack.defer(() => worker.stop())
  await setPageImages(site, "off")
  stack.defer(() => setPageImages(site, "on"))
  // After it, hints of rows are images of their pages once; the replies before those that count see to that.
  await site.pool.query("CHECKPOINT")
  const rooms = (await createRooms(site.pool, users.slice(0, REPLIES), 1)).flat()
  // A room's first reply also begins its title, and the plans of statements.
  await replyIn(site, users, rooms, "hello")
  const isIndexed = async () => (await site.pool.query("SELECT FROM search_queue LIMIT 1")).rowCount === 0
  await until("these are indexed for the search", isIndexed, { timeoutMs: 30_000, everyMs: 100 })
  const before = await countsOf(site)
  const began = await walOf(site)
  await replyIn(site, users, rooms, LONG)
  const ended = await walOf(site)
  const after = await countsOf(site)
  const updates = after.updates - before.updates
  return {
    walBytes: (ended - began) / REPLIES,
    updates: updates / REPLIES,
    hotShare: (after.hot - before.hot) / updates,
  }
}

async function setPageImages({ pool }: Site, mode: "on" | "off"): Promise<void> {
  await pool.query(`ALTER SYSTEM SET full_page_writes = ${mode}`)
  await pool.query("SELECT pg_reload_conf()")
  const isSet = async () =>
    (await pool.query<{ mode: string }>("SELECT current_setting('full_page_writes') AS mode")).rows[0]
      ?.mode === mode
  await until("the setting is read", isSet, { timeoutMs: 10_000, everyMs: 50 })
}

async function replyIn({ url, pool }: Site, users: readonly User[], rooms: string[], message: string) {
  const send = (room: string, n: number) =>
    post(
      `${url}/chatroom/${room}/message`,
      { message },
      { Authorization: `Bearer ${(users[n] as User).token}` },
    )
  await Promise.all(rooms.map(send))
  const areDone = async () =>
    (await pool.query("SELECT FROM messages WHERE lease_until IS NOT NULL LIMIT 1")).rowCount === 0
  await until("the replies are made", areDone, { timeoutMs: 120_000, everyMs: 100 })
}

async function walOf({ pool }: Site): Promise<number> {
  const { rows } = await pool.query<{ bytes: number }>(
    "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8 AS bytes",
  )
  return rows[0]?.bytes ?? 0
}

interface Counts {
  updates: number
  hot: number
}

/** Sessions report their counts now and then, so this waits until they have. */
async function countsOf({ pool }: Site): Promise<Counts> {
  const read = async () => (await pool.query<Counts>(COUNTS)).rows[0] as Counts
  let counts = await read()
  let since = performance.now()
  const isQuiet = async () => {
    const next = await read()
    if (next.updates !== counts.updates) since = performance.now()
    counts = next
    return performance.now() - since > REPORTED_MS
  }
  await until("the counts are reported", isQuiet, { timeoutMs: 30_000, everyMs: 100 })
  return counts
}

/** A session that is idle reports after a second at the latest. */
const REPORTED_MS = 2_000

const COUNTS = `
  SELECT n_tup_upd::float8 AS updates, n_tup_hot_upd::float8 AS hot
  FROM pg_stat_user_tables WHERE relname = 'messages'`
