import { QUEUE_NAME } from "../../../src/services/replies/accept/reply-queue.ts"
import { type Comparison, type Contender, compare, type Pace } from "../helpers/compare.ts"
import { drive, type NextRequest, request } from "../helpers/load.ts"
import { readSharedCosts } from "../helpers/processor-time.ts"
import { viewQueue } from "../helpers/queue.ts"
import { type Site, startFloor, startWorker } from "../helpers/site.ts"
import { createRooms, type User } from "../helpers/users.ts"

/** Of the rate of Express with JWT, zod, one INSERT and a BullMQ add. */
export const POST_GOAL = 1

/** The same while a worker shares the cores, and the floor has none. */
export const POST_BESIDE_WORKER_GOAL = 0.7

const CONNECTIONS = 50

/** Rooms for one run, made before it: more than any machine at hand uses up, so that every prompt enqueues a job. */
const ROOMS_A_SECOND = 10_000

const MESSAGE =
  "What should I cook for six friends on Friday, two of whom don't eat meat? Something that keeps warm."

/**
 * `POST /chatroom/:id/message` beside the least that could accept one. Each prompt goes to a room of its own, as a
 * second one would wait for the first reply and cost no job. What counts is jobs in the queue, whether the server
 * waits for that before it answers or not.
 */
export async function measurePost(site: Site, users: User[], pace: Pace): Promise<Comparison> {
  return measureBesideFloor(site, users, pace, (ms) =>
    sendAndEnqueue(site, users, { port: site.port, queueName: QUEUE_NAME, ms }),
  )
}

/**
 * The same while a worker makes replies, in a process of its own, which takes its share of the machine; the floor
 * has none. The queue is what lies between them, so nothing is known of when a job came into it.
 */
export async function measurePostBesideWorker(site: Site, users: User[], pace: Pace): Promise<Comparison> {
  return measureBesideFloor(site, users, pace, async (ms) => {
    const worker = await startWorker(site)
    return send(users, await makeRooms(site, users, ms), site.port, ms).finally(worker.stop)
  })
}

async function measureBesideFloor(site: Site, users: User[], pace: Pace, load: Contender["run"]) {
  await using floor = await openFloor(site, users)
  const ours: Contender = {
    process: site.api,
    run: async (ms) => {
      const loaded = await load(ms)
      await forgetUnfinished(site)
      return loaded
    },
  }
  return await compare(ours, floor, pace)
}

const FLOOR_QUEUE = "floor-queue"

async function openFloor(site: Site, users: User[]): Promise<Contender & AsyncDisposable> {
  const floor = await startFloor(site, "express-post")
  return {
    process: floor.process,
    async run(ms) {
      const load = await sendAndEnqueue(site, users, { port: floor.port, queueName: FLOOR_QUEUE, ms })
      await using queue = viewQueue(site, FLOOR_QUEUE)
      await queue.empty()
      return load
    },
    [Symbol.asyncDispose]: () => floor.process.stop(),
  }
}

async function sendAndEnqueue(
  site: Site,
  users: User[],
  { port, queueName, ms }: { port: number; queueName: string; ms: number },
) {
  const rooms = await makeRooms(site, users, ms)
  await using queue = viewQueue(site, queueName)
  const before = await readSharedCosts(site)
  const startedAt = performance.now()
  const { answers } = await send(users, rooms, port, ms)
  const { jobs, at } = await queue.settled(answers)
  const after = await readSharedCosts(site)
  const parts = {
    PostgreSQL: after.PostgreSQL - before.PostgreSQL,
    Redis: after.Redis - before.Redis,
    client: after.client - before.client,
  }
  return { answers, perSecond: (jobs / (at - startedAt)) * 1000, parts }
}

function makeRooms(site: Site, users: User[], ms: number): Promise<string[][]> {
  return createRooms(site.pool, users, Math.ceil((ROOMS_A_SECOND * ms) / 1000 / users.length))
}

function send(users: User[], rooms: string[][], port: number, ms: number) {
  return drive({ port, connections: CONNECTIONS, next: freshRooms(users, rooms), until: { ms } })
}

/** Every request to the next room. A connection keeps to one user, so no two wait for the same counter. */
export function freshRooms(users: User[], rooms: string[][], message = MESSAGE): NextRequest {
  const waiting = rooms.map((own) => own.values())
  return (connection) => {
    const n = connection % users.length
    const room = waiting[n]?.next().value
    if (!room) throw new Error("There were too few rooms for this machine: raise ROOMS_A_SECOND.")
    return request("POST", `/chatroom/${room}/message`, (users[n] as User).token, { message })
  }
}

/** What a round leaves behind must not be work for the next one. */
async function forgetUnfinished(site: Site): Promise<void> {
  await site.pool.query("UPDATE chatrooms SET active_reply_id = NULL WHERE active_reply_id IS NOT NULL")
  await site.pool.query(
    `UPDATE messages SET status = 'cancelled', completed_at = now(), lease_until = NULL
     WHERE status IN ('queued', 'running')`,
  )
  await using queue = viewQueue(site, QUEUE_NAME)
  await queue.empty()
}
