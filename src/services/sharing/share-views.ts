import type pg from "pg"
import type { Logger } from "../../config/logger.ts"
import type { Timing } from "../../config/timing.ts"
import { startLoop } from "../../utils/loop.ts"

/** Counts the views of shared links: in memory at first, so that a link that many read isn't a row that all wait for. */
export interface ShareViews {
  add(share: { userId: string; id: string }): void
  /** Writes what is left. */
  close(): Promise<void>
}

export function createShareViews(
  pool: pg.Pool,
  { viewsMs }: Pick<Timing["sharing"], "viewsMs">,
  log: Logger,
): ShareViews {
  const counts = new Map<string, { userId: string; id: string; views: number }>()
  const write = async () => {
    const rows = [...counts.values()]
    if (rows.length === 0) return
    counts.clear()
    try {
      await pool.query(WRITE, [
        rows.map(({ userId }) => userId),
        rows.map(({ id }) => id),
        rows.map(({ views }) => views),
      ])
    } catch (error) {
      // With those that came meanwhile, the next time.
      for (const row of rows) add(row, row.views)
      throw error
    }
  }
  const add = ({ userId, id }: { userId: string; id: string }, views: number) => {
    const count = counts.get(id) ?? { userId, id, views: 0 }
    count.views += views
    counts.set(id, count)
  }
  const loop = startLoop(viewsMs, write, (err) => log.warn({ err }, "views of shared links not written"))
  return {
    add: (share) => add(share, 1),
    async close() {
      await loop.stop()
      await write().catch((err: unknown) => log.warn({ err }, "views of shared links lost"))
    },
  }
}

/** In the order of the ids, so that no two processes wait for one another. */
const WRITE = `
  WITH seen AS (
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::int[]) AS seen (user_id, id, views)
  ), locked AS (
    SELECT s.user_id, s.id, seen.views FROM seen JOIN shares AS s ON s.user_id = seen.user_id AND s.id = seen.id
    ORDER BY s.id FOR NO KEY UPDATE OF s
  )
  UPDATE shares AS s SET views = s.views + locked.views
  FROM locked WHERE s.user_id = locked.user_id AND s.id = locked.id`
