import { until } from "../../lib/until.ts"
import { type Site, startWorker } from "../helpers/site.ts"
import { createRooms, type User } from "../helpers/users.ts"
import { sendBurst, sendPrompts } from "./replies.ts"

/** What a backlog may cost: the rate is at least this much of the rate without one. */
export const BACKLOG_GOAL = 0.9

export interface Backlog {
  /** Replies stored a second while prompts come, and from a backlog of as many. */
  withoutPerSecond: number
  withPerSecond: number
  ratio: number
}

/**
 * Replies stored a second from a backlog: prompts that came while no worker ran, in a database whose statistics are
 * of a time when nothing waited. A worker then meets what was planned for next to nothing.
 */
export async function measureBacklog(site: Site, users: User[], count: number): Promise<Backlog> {
  const withoutPerSecond = await withWorker(site, async () => {
    await sendBurst(site, users, count / 4)
    return sendBurst(site, users, count)
  })
  await site.pool.query("ANALYZE")
  const rooms = await createRooms(site.pool, users, Math.ceil((3 * count) / users.length) + 1)
  await sendPrompts(site, users, rooms, count)
  const withPerSecond = await withWorker(site, () => rateOf(site, rooms.flat(), count))
  return { withoutPerSecond, withPerSecond, ratio: withPerSecond / withoutPerSecond }
}

async function withWorker<T>(site: Site, work: () => Promise<T>): Promise<T> {
  await using stack = new AsyncDisposableStack()
  const worker = await startWorker(site)
  stack.defer(() => worker.stop())
  return await work()
}

/** From the first reply to the last: a worker that has just started isn't warm. */
async function rateOf({ pool }: Site, rooms: string[], count: number): Promise<number> {
  const stored = async () => {
    const { rows } = await pool.query<{ n: number }>(
      "SELECT count(*)::int AS n FROM messages WHERE role = 'model' AND completed_at IS NOT NULL AND chatroom_id = ANY ($1)",
      [rooms],
    )
    return (rows[0]?.n ?? 0) >= count
  }
  await until("the backlog is worked off", stored, { timeoutMs: 300_000, everyMs: 50 })
  const { rows } = await pool.query<{ rate: number }>(
    `SELECT ((count(*) - 1) / extract(epoch FROM max(completed_at) - min(completed_at)))::float8 AS rate
     FROM messages WHERE role = 'model' AND chatroom_id = ANY ($1)`,
    [rooms],
  )
  return rows[0]?.rate ?? 0
}
