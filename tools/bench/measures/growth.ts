import { Agent } from "node:http"
import type pg from "pg"
import { TIMED, type Timed } from "../helpers/growth-endpoints.ts"
import { filledNumberOf, fillTables, type Size } from "../helpers/growth-fill.ts"
import { type Grown, type Regular, walk } from "../helpers/growth-walk.ts"
import { type Ratio, type Round, toRatio } from "../helpers/ratio.ts"
import { whole } from "../helpers/report.ts"
import { type Site, startSite } from "../helpers/site.ts"
import { signIn } from "../helpers/users.ts"

/** What every endpoint takes in the large database is at most this much of what it takes in the small one. */
export const GROWTH_GOAL = 1.2

/** Until the first byte of an export of many rooms. */
export const EXPORT_GOAL_MS = 1_000

export interface GrowthPace {
  large: Size
  /** The large database's part of users. */
  share: number
  rounds: number
  /** Walks through all endpoints in each database and round. */
  walks: number
  /** Rooms of the user whose data is exported. */
  exported: number
}

export interface Growth {
  ratios: Map<Timed, Ratio>
  large: Filled
  export: { firstByteMs: number; wholeMs: number; bytes: number }
}

interface Filled {
  seconds: number
  bytes: number
}

/** Every endpoint in a large database beside the same in a small one, request by request, and a large export. */
export async function measureGrowth(site: Site, pace: GrowthPace): Promise<Growth> {
  await using stack = new AsyncDisposableStack()
  const small = { ...pace.large, users: Math.ceil(pace.large.users * pace.share) }
  const [ours, floor] = [
    await grow(stack, site, "large", pace.large),
    await grow(stack, site, "small", small),
  ]
  const rounds: Map<Timed, Round>[] = []
  // The first round warms up: what statements are planned as, and what is read from the disk.
  for (let n = 0; n <= pace.rounds; n++) rounds.push(await measureRound(ours.grown, floor.grown, pace.walks))
  const ratios = TIMED.map(
    (name) => [name, toRatio(rounds.slice(1).map((round) => round.get(name) as Round))] as const,
  )
  return {
    ratios: new Map(ratios),
    large: ours.filled,
    export: await exportMany(ours, pace.exported),
  }
}

/** What the report says of the endpoints. */
export function growthRatios({ ratios }: Growth, { large, share }: GrowthPace) {
  const users = [large.users, Math.ceil(large.users * share)].map(whole).join(" users beside ")
  return [...ratios].map(([endpoint, ratio]) => ({ what: `${users}: ${endpoint}`, ratio }))
}

/** What it says beside them. */
export function growthLines(
  { large, export: exported }: Growth,
  pace: GrowthPace,
): { what: string; value: string }[] {
  const { users, rooms, messages } = pace.large
  const { firstByteMs, wholeMs, bytes } = exported
  const met = firstByteMs <= EXPORT_GOAL_MS ? "met" : "missed"
  const megabytes = (count: number) => `${whole(count / 2 ** 20)} MB`
  return [
    {
      what: "the large database",
      value: `${whole(users * rooms * messages)} messages, ${megabytes(large.bytes)}, filled in ${large.seconds.toFixed(0)} s`,
    },
    {
      what: `export of ${whole(pace.exported)} rooms`,
      value: `first byte after ${firstByteMs.toFixed(0)} ms (goal ${whole(EXPORT_GOAL_MS)} ${met}), ${megabytes(bytes)} in ${(wholeMs / 1000).toFixed(1)} s`,
    },
  ]
}

interface Grove {
  grown: Grown
  pool: pg.Pool
  filled: Filled
}

const REGULARS = 10

async function grow(
  stack: AsyncDisposableStack,
  { machine, backend }: Site,
  name: "large" | "small",
  size: Size,
): Promise<Grove> {
  const { pool, url, env } = await startSite(stack, machine, backend, { name, role: "all" })
  const startedAt = performance.now()
  await fillTables(pool, size)
  const seconds = (performance.now() - startedAt) / 1000
  const { rows } = await pool.query<{ bytes: number }>(
    "SELECT pg_database_size(current_database())::float8 AS bytes",
  )
  const agent = new Agent({ keepAlive: true })
  stack.defer(() => agent.destroy())
  const regulars: Regular[] = []
  for (let n = 0; n < REGULARS; n++) {
    // Every tenth user is Pro.
    const user = await signIn(url, filledNumberOf(10 * Math.floor((n * size.users) / REGULARS / 10)))
    regulars.push({ ...user, rooms: await roomsOf(pool, user.id) })
  }
  const grown = { url, agent, regulars, adminToken: env.ADMIN_TOKEN as string, newcomers: 0 }
  return { grown, pool, filled: { seconds, bytes: rows[0]?.bytes ?? 0 } }
}

async function roomsOf(pool: pg.Pool, userId: string): Promise<Regular["rooms"]> {
  const { rows } = await pool.query<Regular["rooms"][number]>(
    `SELECT chatroom_id AS id, id AS reply, parent_id AS prompt FROM messages WHERE user_id = $1 AND position = 1`,
    [userId],
  )
  return rows
}

/** The two take turns, walk by walk, in an order that alternates: what else the machine does falls on both. */
async function measureRound(ours: Grown, floor: Grown, walks: number): Promise<Map<Timed, Round>> {
  const round = new Map<Timed, Round>()
  const noteFor = (side: keyof Round) => (endpoint: Timed, ms: number) => {
    const times = round.get(endpoint) ?? { ours: [], floor: [] }
    times[side].push(ms)
    round.set(endpoint, times)
  }
  for (let n = 0; n < walks; n++) {
    const turns = [() => walk(ours, n, noteFor("ours")), () => walk(floor, n, noteFor("floor"))]
    for (const turn of n % 2 === 0 ? turns : turns.reverse()) await turn()
  }
  return round
}

async function exportMany({ grown, pool }: Grove, rooms: number): Promise<Growth["export"]> {
  const [{ id, token }] = grown.regulars as [Regular]
  await pool.query(MANY_ROOMS, [id, rooms])
  const startedAt = performance.now()
  const response = await fetch(`${grown.url}/user/me/export`, {
    headers: { Authorization: `Bearer ${token}` },
  })
  if (!response.ok || !response.body) throw new Error(`The export was answered with ${response.status}.`)
  let [firstByteMs, bytes] = [0, 0]
  for await (const chunk of response.body) {
    firstByteMs ||= performance.now() - startedAt
    bytes += chunk.length
  }
  return { firstByteMs, wholeMs: performance.now() - startedAt, bytes }
}

/** Each with a prompt and its reply. */
const MANY_ROOMS = `
  WITH room AS (
    INSERT INTO chatrooms (user_id, id, name, last_position)
    SELECT $1, gen_random_uuid(), 'One of many ' || n, 2 FROM generate_series(1, $2::int) AS n RETURNING id
  )
  INSERT INTO messages (user_id, id, chatroom_id, position, role, content, status, completed_at)
  SELECT $1, gen_random_uuid(), room.id, n, CASE n WHEN 0 THEN 'user' ELSE 'model' END, repeat('A text of some length. ', 20),
    'completed', now()
  FROM room, generate_series(0, 1) AS n`
