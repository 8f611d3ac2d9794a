import type { Database } from "../../../config/database.ts"
import type { Logger } from "../../../config/logger.ts"
import type { Timing } from "../../../config/timing.ts"
import { startLoop } from "../../../utils/loop.ts"

/** Names a row by its owner and its id. */
interface RowKey {
  userId: string
  id: string
}

/**
 * Looks, for all streams of this process together, whether the rows that they follow have moved. Notifications are
 * prompt and may be lost; this finds within `rowCheckMs` what they have missed, and wakes nobody else.
 */
export interface RowWatch {
  /**
   * Calls `moved` after the first look, and whenever a later one finds the row changed or gone.
   * @returns a function that ends the watch
   */
  watch(kind: RowKind, row: RowKey, moved: () => void): () => void
  close(): Promise<void>
}

/** `list`: a user's list of chatrooms, whose `id` is the user's. */
export type RowKind = "room" | "reply" | "list"

interface Watched extends RowKey {
  /** As the last look found it: null for a row that is gone, "" before the first look. */
  version: string | null
  listeners: Set<() => void>
}

/** Rows in one statement: some milliseconds of the database's time. */
const MAX_ROWS = 1_000

export function createRowWatch(
  db: Database,
  { rowCheckMs }: Pick<Timing["replies"], "rowCheckMs">,
  log: Logger,
): RowWatch {
  const watched: Record<RowKind, Map<string, Watched>> = {
    room: new Map(),
    reply: new Map(),
    list: new Map(),
  }
  const loop = startLoop(
    rowCheckMs,
    async () => {
      await look(db, "room", [...watched.room.values()])
      await look(db, "reply", [...watched.reply.values()])
      await look(db, "list", [...watched.list.values()])
    },
    (err) => log.debug({ err }, "rows of streams not read"),
  )
  return {
    watch(kind, { userId, id }, moved) {
      const rows = watched[kind]
      const row = rows.get(id) ?? { userId, id, version: "", listeners: new Set() }
      rows.set(id, row)
      row.listeners.add(moved)
      return () => {
        row.listeners.delete(moved)
        if (row.listeners.size === 0 && rows.get(id) === row) rows.delete(id)
      }
    },
    close: () => loop.stop(),
  }
}

async function look(db: Database, kind: RowKind, rows: Watched[]): Promise<void> {
  for (let start = 0; start < rows.length; start += MAX_ROWS) {
    const some = rows.slice(start, start + MAX_ROWS)
    const values = [some.map((row) => row.userId), some.map((row) => row.id), some.map((row) => row.version)]
    const { rows: moved } = await db.execute<{ n: number; version: string | null }>(
      `watch-${kind}`,
      LOOK[kind],
      values,
    )
    for (const { n, version } of moved) {
      const row = some[n - 1] as Watched
      row.version = version
      for (const wake of row.listeners) wake()
    }
  }
}

/** Every change gives a row another xmin. Of a reply only what its listeners get counts, not renewals of its lease. */
const LOOK: Record<RowKind, string> = {
  room: lookSql("chatrooms", "found.xmin::text"),
  reply: lookSql(
    "messages",
    `found.attempt || '.' || found.status || '.' || octet_length(found.content) || '.' || octet_length(found.thoughts)`,
  ),
  list: lookSql("chatroom_lists", "found.version::text", "user_id"),
}

function lookSql(table: string, version: string, key = "id"): string {
  return `
  SELECT watched.n::int AS n, ${version} AS version
  FROM unnest($1::uuid[], $2::uuid[], $3::text[]) WITH ORDINALITY AS watched (user_id, id, version, n)
    LEFT JOIN ${table} AS found ON found.user_id = watched.user_id AND found.${key} = watched.id
  WHERE ${version} IS DISTINCT FROM watched.version`
}
