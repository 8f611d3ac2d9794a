import { pause, SECOND } from "../../../src/utils/time.ts"
import { until } from "../../lib/until.ts"
import { drive } from "../helpers/load.ts"
import { type Site, startWorker } from "../helpers/site.ts"
import { createRooms, post, type User } from "../helpers/users.ts"
import { freshRooms } from "./post.ts"

const CONNECTIONS = 50

/** How often a prompt comes while times are taken: few enough that none waits for another. */
const CALM_EVERY_MS = 25

const FINISH_WITHIN_MS = 120 * SECOND

export interface Replies {
  /** From the first prompt accepted to the last reply stored, by the database's clock. */
  storedPerSecond: number
  p50Ms: number
  p99Ms: number
}

export interface RepliesPace {
  burst: number
  calm: number
}

/** Prompts to stored replies: a burst for the rate, then prompts one by one for the times. */
export async function measureReplies(
  site: Site,
  users: User[],
  { burst, calm }: RepliesPace,
): Promise<Replies> {
  await using stack = new AsyncDisposableStack()
  const worker = await startWorker(site)
  stack.defer(() => worker.stop())
  await sendBurst(site, users, burst / 4) // warms the worker up
  const storedPerSecond = await sendBurst(site, users, burst)
  const { p50Ms, p99Ms } = await sendCalmly(site, users, calm)
  return { storedPerSecond, p50Ms, p99Ms }
}

/** Sends prompts and waits for their replies. @returns how many were stored a second */
export async function sendBurst(site: Site, users: User[], count: number): Promise<number> {
  const rooms = await createRooms(site.pool, users, Math.ceil((2 * count) / users.length) + 1)
  await sendPrompts(site, users, rooms, count)
  await untilFinished(site, rooms.flat())
  const { rows } = await site.pool.query<{ rate: number }>(
    `SELECT (count(*) / extract(epoch FROM max(completed_at) - min(created_at)))::float8 AS rate
     FROM messages WHERE role = 'model' AND status = 'completed' AND chatroom_id = ANY ($1)`,
    [rooms.flat()],
  )
  return rows[0]?.rate ?? 0
}

/** Sends each prompt to a room of its own. */
export async function sendPrompts(
  site: Site,
  users: User[],
  rooms: string[][],
  count: number,
  message?: string,
): Promise<void> {
  const next = freshRooms(users, rooms, message)
  await drive({ port: site.port, connections: CONNECTIONS, next, until: { count } })
}

async function sendCalmly(site: Site, users: User[], count: number) {
  const user = users[0] as User
  const [rooms = []] = await createRooms(site.pool, [user], count)
  const headers = { Authorization: `Bearer ${user.token}` }
  const sends = rooms.map(async (room, n) => {
    await pause(n * CALM_EVERY_MS)
    await post(`${site.url}/chatroom/${room}/message`, { message: "Good morning" }, headers)
  })
  // A pause doesn't keep the process alive, and this is all that it waits for.
  const alive = setInterval(() => undefined, SECOND)
  await Promise.all(sends).finally(() => clearInterval(alive))
  await untilFinished(site, rooms)
  const { rows } = await site.pool.query<{ p50: number; p99: number }>(
    `SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) AS p50, percentile_cont(0.99) WITHIN GROUP (ORDER BY ms) AS p99
     FROM (
       SELECT extract(epoch FROM completed_at - created_at)::float8 * 1000 AS ms
       FROM messages WHERE role = 'model' AND chatroom_id = ANY ($1)
     ) AS times`,
    [rooms],
  )
  return { p50Ms: rows[0]?.p50 ?? 0, p99Ms: rows[0]?.p99 ?? 0 }
}

/** @throws when a reply in these rooms failed, or isn't there after two minutes */
async function untilFinished({ pool }: Site, rooms: string[]): Promise<void> {
  const isFinished = async () => {
    const { rows } = await pool.query<{ pending: number; failed: number }>(
      `SELECT count(*) FILTER (WHERE status IN ('queued', 'running'))::int AS pending,
         count(*) FILTER (WHERE status = 'failed')::int AS failed
       FROM messages WHERE status IN ('queued', 'running', 'failed') AND chatroom_id = ANY ($1)`,
      [rooms],
    )
    const { pending = 0, failed = 0 } = rows[0] ?? {}
    if (failed > 0) throw new Error(`${failed} replies failed.`)
    return pending === 0
  }
  await until("all replies are stored", isFinished, { timeoutMs: FINISH_WITHIN_MS, everyMs: 20 })
}
