import { startProxy } from "../../lib/store-proxy.ts"
import { until } from "../../lib/until.ts"
import { countPostgres, countRedis, type Sent } from "../../lib/wire-counts.ts"
import { startMeasured } from "../helpers/child.ts"
import { type Site, startApi } from "../helpers/site.ts"
import { createRooms, post, type User } from "../helpers/users.ts"
import { sendPrompts } from "./replies.ts"

/** What one process sends for one prompt or one reply. */
export interface Cost {
  /** To PostgreSQL. */
  trips: number
  statements: Share[]
  commands: Share[]
}

type Share = [name: string, times: number]

export interface Counts {
  /** Of the API for a prompt, of the worker for its reply; one after the other, and 50 at a time. */
  alone: { prompt: Cost; reply: Cost }
  together: { prompt: Cost; reply: Cost }
}

export interface CountsPace {
  alone: number
  together: number
}

/** A room's first reply is followed by its title, which isn't what is counted. */
const FIRST = "hello"

/** Ten pieces, each of which arrives alone. */
export const COUNTED = "[[gemini: chunks=10 delay=5]] Good morning"

/**
 * Counts what a prompt and its reply cost in statements and commands, which no other work on the machine disturbs. API
 * and worker are processes of their own, each with its way to the stores, on which what passes is counted.
 */
export async function measureCounts(site: Site, users: User[], pace: CountsPace): Promise<Counts> {
  await using stack = new AsyncDisposableStack()
  const ofApi = await countAll(stack, site)
  const ofWorker = await countAll(stack, site)
  const { api, port, url } = await startApi(site.machine, ofApi.env, "api")
  stack.defer(() => api.stop())
  const options = { cwd: site.machine.folder, env: ofWorker.env }
  const worker = await startMeasured("src/worker.ts", options, { answers: `${url}/health/ready` })
  stack.defer(() => worker.stop())
  const counted = { ...site, port, url }

  async function count(send: () => Promise<unknown>, times: number) {
    for (const counts of [ofApi, ofWorker]) counts.reset()
    await send()
    await untilQuiet(site)
    return { prompt: ofApi.costOf(times), reply: ofWorker.costOf(times) }
  }

  const [rooms = []] = await createRooms(site.pool, users.slice(0, 1), pace.alone)
  const sendAll = async (message: string) => {
    for (const room of rooms) await postAlone(counted, users[0] as User, room, message)
  }
  await sendAll(FIRST)
  await untilQuiet(site)
  const alone = await count(() => sendAll(COUNTED), pace.alone)
  const each = Math.ceil((2 * pace.together) / users.length) + 1
  const others = await createRooms(site.pool, users, each)
  await sendPrompts(counted, users, others, pace.together, FIRST)
  await untilQuiet(site)
  const together = await count(
    () => sendPrompts(counted, users, others, pace.together, COUNTED),
    pace.together,
  )
  return { alone, together }
}

/** Waits for the reply. */
async function postAlone(site: Site, { token }: User, room: string, message: string): Promise<void> {
  await post(`${site.url}/chatroom/${room}/message`, { message }, { Authorization: `Bearer ${token}` })
  const isThere = async () =>
    (await site.pool.query("SELECT FROM chatrooms WHERE active_reply_id IS NOT NULL")).rowCount === 0
  await until("the reply is made", isThere, { timeoutMs: 10_000, everyMs: 5 })
}

async function countAll(stack: AsyncDisposableStack, { env }: Site) {
  const postgres = countPostgres()
  const redis = countRedis()
  const database = await startProxy(env.DATABASE_URL as string, postgres.openTap)
  stack.defer(() => database.close())
  const store = env.REDIS_URL === undefined ? null : await startProxy(env.REDIS_URL, redis.openTap)
  if (store) stack.defer(() => store.close())
  return {
    env: { ...env, DATABASE_URL: database.url, ...(store ? { REDIS_URL: store.url } : {}) },
    reset() {
      for (const counts of [postgres, redis]) {
        counts.sent.clear()
        counts.trips.clear()
      }
    },
    costOf: (times: number): Cost => ({
      trips: sum(shares(postgres.trips, times)),
      statements: shares(postgres.sent, times),
      commands: shares(redis.sent, times),
    }),
  }
}

/** Below it is what a process does now and then, whatever happens. */
const LEAST = 0.5

function shares(sent: Sent, times: number): Share[] {
  return [...sent]
    .map(([name, count]): Share => [name, count / times])
    .filter(([, share]) => share >= LEAST)
    .toSorted(([, a], [, b]) => b - a)
}

export const sum = (shares: readonly Share[]) => shares.reduce((total, [, times]) => total + times, 0)

async function untilQuiet({ pool }: Site): Promise<void> {
  const isQuiet = async () => {
    const { rows } = await pool.query<{ n: number }>(
      `SELECT (SELECT count(*) FROM chatrooms WHERE active_reply_id IS NOT NULL)
         + (SELECT count(*) FROM room_tasks WHERE due_at IS NOT NULL) AS n`,
    )
    return Number(rows[0]?.n) === 0
  }
  await until("all replies and titles are made", isQuiet, { timeoutMs: 120_000, everyMs: 50 })
}
