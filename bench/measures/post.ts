import { Queue } from "bullmq"
import { Redis } from "ioredis"
import { OnPostgres, QUEUE_NAME } from "../../src/services/generation/queue.ts"
import { type Comparison, compare, type Pace } from "../helpers/compare.ts"
import { drive, type NextRequest, request } from "../helpers/load.ts"
import { type Site, startFloor, startWorker } from "../helpers/site.ts"
import { createRooms, type User } from "../helpers/users.ts"

/** Of the rate of Express with JWT, zod, one INSERT and a BullMQ add. */
export const POST_GOAL = 0.7

const CONNECTIONS = 50

/** Rooms for one run, made before it: more than any machine at hand uses up, so that every prompt enqueues a job. */
const ROOMS_A_SECOND = 4_000

const MESSAGE =
  "What should I cook for six friends on Friday, two of whom don't eat meat? Something that keeps warm."

/**
 * `POST /chatroom/:id/message` beside the least that could accept one. Each prompt goes to a room of its own, as a
 * second one would wait for the first reply and cost no job. With `worker`, a worker makes replies meanwhile, in a
 * process of its own; the floor has none either way.
 */
export async function measurePost(
  site: Site,
  users: User[],
  pace: Pace,
  { worker }: { worker: boolean },
): Promise<Comparison> {
  await using stack = new AsyncDisposableStack()
  const floor = await startFloor(site, "express-post")
  stack.defer(() => floor.process.stop())

  async function load(port: number, ms: number) {
    const each = Math.ceil((ROOMS_A_SECOND * ms) / 1000 / users.length)
    const next = freshRooms(users, await createRooms(site.pool, users, each))
    return drive({ port, connections: CONNECTIONS, next, until: { ms } })
  }

  async function runOurs(ms: number) {
    const running = worker ? await startWorker(site) : null
    try {
      return await load(site.port, ms)
    } finally {
      await running?.stop()
      await forgetUnfinished(site)
    }
  }

  async function runFloor(ms: number) {
    try {
      return await load(floor.port, ms)
    } finally {
      await emptyQueue(site, "floor-queue")
    }
  }

  return await compare({ process: site.api, run: runOurs }, { process: floor.process, run: runFloor }, pace)
}

/** Every request to the next room. A connection keeps to one user, so no two wait for the same counter. */
export function freshRooms(users: User[], rooms: string[][], message = MESSAGE): NextRequest {
  const used = users.map(() => 0)
  return (connection) => {
    const n = connection % users.length
    const room = rooms[n]?.[used[n] ?? 0]
    used[n] = (used[n] ?? 0) + 1
    if (room === undefined)
      throw new Error("There were too few rooms for this machine: raise ROOMS_A_SECOND.")
    return request("POST", `/chatroom/${room}/message`, (users[n] as User).token, { message })
  }
}

/** What a round leaves behind must not be work for the next one. */
export async function forgetUnfinished(site: Site): Promise<void> {
  await site.pool.query("UPDATE chatrooms SET active_reply_id = NULL WHERE active_reply_id IS NOT NULL")
  await site.pool.query(
    `UPDATE messages SET status = 'cancelled', completed_at = now(), lease_until = NULL
     WHERE status IN ('queued', 'running')`,
  )
  await emptyQueue(site, QUEUE_NAME)
}

async function emptyQueue({ env }: Site, name: string): Promise<void> {
  const { REDIS_URL: url, DATABASE_URL: connectionString } = env
  const redis = url ? new Redis(url, { maxRetriesPerRequest: null }) : null
  const queue = redis
    ? new Queue(name, { connection: redis })
    : new OnPostgres.Queue(name, { connection: { connectionString, max: 1 } })
  await queue.obliterate({ force: true, count: 100_000 })
  await queue.close()
  redis?.disconnect()
}
