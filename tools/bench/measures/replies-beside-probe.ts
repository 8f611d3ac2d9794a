import { pause, SECOND } from "../../../src/utils/time.ts"
import { until } from "../../lib/until.ts"
import type { Child } from "../helpers/child.ts"
import { type Comparison, type Contender, compare } from "../helpers/compare.ts"
import { drive } from "../helpers/load.ts"
import { type Ratio, type Round, toRatio } from "../helpers/ratio.ts"
import { type Site, startFloor, startWorker } from "../helpers/site.ts"
import { createRooms, post, type User } from "../helpers/users.ts"
import { freshRooms } from "./post.ts"

/** Of the replies a second of a hand-made probe that charges, fences and publishes what it makes. */
export const REPLIES_GOAL = 0.5

/** What a prompt may take to its stored reply, of the probe's time. */
export const REPLY_TIME_GOAL = 1.3

export interface BesideProbe {
  rate: Comparison
  /** From prompt to stored reply, by the database's clock, at an easy pace. */
  time: Ratio
}

export interface ProbePace {
  rounds: number
  burst: number
  calm: number
}

const CONNECTIONS = 50
const CALM_EVERY_MS = 25

/**
 * Prompts to stored replies beside a probe, in turns: a burst for the rate, and prompts one by one for the times. Each
 * has an API and a worker; those of the other rest meanwhile. Processor time is of API and worker together.
 */
export async function measureBesideProbe(
  site: Site,
  users: User[],
  { rounds, burst, calm }: ProbePace,
): Promise<BesideProbe> {
  await using stack = new AsyncDisposableStack()
  const sides = [await openOurs(stack, site), await openProbe(stack, site)] as const
  const [ours, floor] = sides.map((side) => toContender(site, users, side, burst)) as [Contender, Contender]
  const rate = await compare(ours, floor, { rounds, roundMs: 0, warmUpMs: 0 })
  const times: Round[] = []
  for (let n = 0; n < rounds; n++) {
    const round = { ours: [] as number[], floor: [] as number[] }
    for (const name of n % 2 === 0 ? (["ours", "floor"] as const) : (["floor", "ours"] as const))
      round[name] = await timesOf(site, users, sides[name === "ours" ? 0 : 1], calm)
    times.push(round)
  }
  return { rate, time: toRatio(times) }
}

interface Side {
  port: number
  processes: Child[]
  /** Of prompts and replies. */
  table: string
}

async function openOurs(stack: AsyncDisposableStack, site: Site): Promise<Side> {
  const worker = await startWorker(site)
  stack.defer(() => worker.stop())
  return { port: site.port, processes: [site.api, worker], table: "messages" }
}

async function openProbe(stack: AsyncDisposableStack, site: Site): Promise<Side> {
  const api = await startFloor(site, "probe-api")
  stack.defer(() => api.process.stop())
  const worker = await startFloor(site, "probe-worker")
  stack.defer(() => worker.process.stop())
  return { port: api.port, processes: [api.process, worker.process], table: "probe_messages" }
}

function toContender(site: Site, users: User[], side: Side, burst: number): Contender {
  return {
    process: {
      async usage() {
        const all = await Promise.all(side.processes.map((process) => process.usage()))
        const sum = (of: (usage: (typeof all)[number]) => number) =>
          all.reduce((total, usage) => total + of(usage), 0)
        return {
          cpuMs: sum(({ cpuMs }) => cpuMs),
          rssBytes: sum(({ rssBytes }) => rssBytes),
          peakRssBytes: sum(({ peakRssBytes }) => peakRssBytes),
        }
      },
      stop: async () => undefined,
    },
    async run() {
      const rooms = await createRooms(site.pool, users, Math.ceil((2 * burst) / users.length) + 1)
      const next = freshRooms(users, rooms)
      await drive({ port: side.port, connections: CONNECTIONS, next, until: { count: burst } })
      const { seconds } = await stored(site, side, rooms.flat(), burst)
      return { answers: burst, perSecond: burst / seconds }
    },
  }
}

/** @returns from the first prompt to the last reply, and for each reply, by the database's clock */
async function stored({ pool }: Site, { table }: Side, rooms: string[], count: number) {
  const areThere = async () => {
    const { rows } = await pool.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM ${table} WHERE role = 'model' AND status = 'completed' AND chatroom_id = ANY ($1)`,
      [rooms],
    )
    return (rows[0]?.n ?? 0) >= count
  }
  await until("all replies are stored", areThere, { timeoutMs: 120 * SECOND, everyMs: 50 })
  const { rows } = await pool.query<{ seconds: number; ms: number[] }>(
    `SELECT extract(epoch FROM max(completed_at) - min(created_at))::float8 AS seconds,
       array_agg(extract(epoch FROM completed_at - created_at)::float8 * 1000) AS ms
     FROM ${table} WHERE role = 'model' AND chatroom_id = ANY ($1)`,
    [rooms],
  )
  return rows[0] as { seconds: number; ms: number[] }
}

async function timesOf(site: Site, users: User[], side: Side, count: number): Promise<number[]> {
  const user = users[0] as User
  const [rooms = []] = await createRooms(site.pool, [user], count)
  const headers = { Authorization: `Bearer ${user.token}` }
  const alive = setInterval(() => undefined, SECOND)
  const sends = rooms.map(async (room, n) => {
    await pause(n * CALM_EVERY_MS)
    const url = `http://127.0.0.1:${side.port}/chatroom/${room}/message`
    await post(url, { message: "Good morning" }, headers)
  })
  await Promise.all(sends).finally(() => clearInterval(alive))
  return (await stored(site, side, rooms, count)).ms
}
