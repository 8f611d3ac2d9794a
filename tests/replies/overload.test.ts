import { Queue } from "bullmq"
import { Redis } from "ioredis"
import { beforeEach, describe, expect, test } from "vitest"
import { pausable } from "../../src/services/platform/job-worker.ts"
import { OnPostgres } from "../../src/services/platform/queue-store.ts"
import { QUEUE_NAME } from "../../src/services/replies/accept/reply-queue.ts"
import { sweepReplies } from "../../src/services/replies/worker/sweep.ts"
import { MINUTE } from "../../src/utils/time.ts"
import { times } from "../helpers/answers.ts"
import { type SignedIn, signIn, startTestApp, type TestApp } from "../helpers/app.ts"
import { ask, cancel, createRoom, finalReply, makePro, type Reply, send } from "../helpers/chat.ts"
import { setAppNow } from "../helpers/clock.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"

const MODEL = "gemini-3.8-flash"
const FALLBACK = "gemini-3.5-flash-lite"
const app = useTestApp({
  config: { gemini: { fallbackModels: [FALLBACK], firstChunkTimeoutMs: 3_000 }, worker: { concurrency: 2 } },
  timing: { gemini: { firstCooldownMs: 500 }, replies: { estimateMs: 200, firstRetryMs: 600 } },
})
const ann = useUser(app, { pro: true })
beforeEach(() => {
  app.gemini.reset()
  for (const model of [MODEL, FALLBACK]) app.ctx.circuitBreaker.succeeded(model)
})

/** Sends the prompt to `count` rooms at once. */
async function sendToRooms(to: TestApp, user: SignedIn, count: number, prompt: (n: number) => string) {
  const rooms = await times(count, () => createRoom(to, user))
  const sent = await Promise.all(rooms.map((room, n) => send(to, user, room, prompt(n))))
  const refused = sent.filter(({ status }) => status !== 202).map(({ body }) => body)
  expect(refused).toEqual([])
  return sent.map(({ body }) => body.reply)
}

async function expectCompleted(user: SignedIn, replies: Reply[], at: TestApp = app) {
  for (const reply of replies)
    expect(await finalReply(at, user, reply)).toMatchObject({ status: "completed" })
}

describe("with workers enough, and a short first cool-down,", () => {
  const wide = useTestApp({
    config: { gemini: { fallbackModels: [FALLBACK] }, worker: { concurrency: 6 } },
    timing: { gemini: { firstCooldownMs: 100 }, replies: { firstRetryMs: 600 } },
  })
  const bob = useUser(wide, { pro: true })
  beforeEach(() => {
    wide.gemini.reset()
    for (const model of [MODEL, FALLBACK]) wide.ctx.circuitBreaker.succeeded(model)
  })

  test("in a storm the overloaded models are left alone, and every prompt is answered after it", async () => {
    // In the middle of it: on a slow machine a reply's few calls may be over before five have failed.
    coolDownModels(0, wide)
    wide.gemini.script({ directive: "unavailable", text: "storm", calls: 6 })
    await expectCompleted(bob, await sendToRooms(wide, bob, 60, (n) => `storm ${n}`), wide)
    expect(wide.gemini.calls().length).toBeLessThanOrEqual(60 + 6)
  })
})

test("a reply that has waited long for its room still waits for a model that cools down", async () => {
  const room = await createRoom(app, ann)
  const first = (await send(app, ann, room, "[[gemini: chunks=10 delay=100]] first")).body.reply
  const second = (await send(app, ann, room, "second")).body.reply
  await app.query("UPDATE messages SET created_at = now() - interval '1 day' WHERE id = $1", second.id)
  // Its first chunk, when the worker has it, ends a cool-down: wait until later chunks are sent.
  await expect.poll(() => app.gemini.calls()[0]?.chunksSent ?? 0).toBeGreaterThan(2)
  coolDownModels(3_000)
  await finalReply(app, ann, first)
  expect(await finalReply(app, ann, second)).toMatchObject({ status: "completed" })
  const counts = "SELECT failures, cooling_down_since IS NOT NULL AS cooled FROM messages WHERE id = $1"
  expect(await app.query(counts, second.id)).toEqual([{ failures: 0, cooled: true }])
})

test("a reply whose models have all cooled down for five minutes fails, without a call", async () => {
  coolDownModels(MINUTE)
  const { reply } = (await send(app, ann, await createRoom(app, ann), "no model")).body
  // As if it had waited; the sweep finds it at once, as the queue keeps its job for a minute.
  const backdate = `
    UPDATE messages SET cooling_down_since = now() - interval '5 minutes', not_before = now(), lease_until = now()
    WHERE id = $1 AND status = 'queued' AND cooling_down_since IS NOT NULL`
  await expect.poll(async () => (await app.pool.query(backdate, [reply.id])).rowCount).toBe(1)
  expect(await finalReply(app, ann, reply)).toMatchObject({
    status: "failed",
    error: { code: "provider_busy" },
  })
  expect(app.gemini.calls()).toEqual([])
})

function coolDownModels(ms: number, { ctx }: TestApp = app): void {
  for (const model of [MODEL, FALLBACK]) for (let i = 0; i < 5; i++) ctx.circuitBreaker.failed(model, ms)
}

/** Occupies this app's two workers with replies that last. @returns what frees them */
async function keepBusy(): Promise<() => Promise<void>> {
  const user = await signIn(app)
  const held = await sendToRooms(app, user, 2, () => "[[gemini: chunks=400 delay=500]] busy")
  await expect.poll(() => app.gemini.calls().length).toBe(held.length)
  return async () => {
    for (const reply of held) await cancel(user, reply)
  }
}

/** How many of the prompts named "many" were asked before `prompt`. */
function askedBefore(prompt: string): number {
  const prompts = app.gemini.calls().map((call) => call.prompt)
  return prompts.slice(0, prompts.indexOf(prompt)).filter((one) => one.includes("many")).length
}

test.each([
  { how: "at once", isSwept: false, most: 20 },
  { how: "and wait until the sweep enqueues them again", isSwept: true, most: 10 },
])("many prompts of one user that come $how don't keep another waiting", async ({ isSwept, most }) => {
  const bob = await signIn(app)
  const room = await createRoom(app, bob)
  const free = await keepBusy()
  const many = await sendToRooms(app, ann, 40, () => "many")
  for (const { id } of isSwept ? many : []) {
    await app.query("UPDATE messages SET lease_until = now() WHERE id = $1 AND status = 'queued'", id)
    // Where the queue seems to have a job for each, the sweep leaves them to it.
    const queue = { ...app.ctx.queue, counts: async () => ({}) }
    await sweepReplies({ ...app.ctx, queue }, "queued", { take: () => false })
  }
  const { body } = await send(app, bob, room, "just one")
  await free()
  await expectCompleted(bob, [body.reply])
  expect(askedBefore("just one")).toBeLessThan(most)
  await expectCompleted(ann, many)
})

test("a queued reply shows its estimated wait", async () => {
  const replies = await sendToRooms(app, ann, 20, () => "[[gemini: chunks=2 delay=100]] wait")
  const last = replies.at(-1)
  const path = `/chatroom/${last.chatroomId}/message/${last.id}`
  await expect.poll(async () => (await ann.http.get(path)).body.estimatedWaitMs).toBeGreaterThan(0)
  expect((await finalReply(app, ann, last)).estimatedWaitMs).toBeNull()
  // A model that answers one of the others later doesn't rest.
  await expectCompleted(ann, replies)
})

/** A reply that nothing is in front of. */
const NEXT = { model: MODEL, queuePosition: 0, cooldownMs: 0 }

test("a queued reply waits no less than until one of its models may be called, as the workers tell every process", async () => {
  await using api = await startTestApp({
    beside: app,
    worker: false,
    config: { gemini: { fallbackModels: [FALLBACK] } },
    timing: { replies: { estimateMs: 200 } },
  })
  coolDownModels(MINUTE)
  await expect.poll(() => api.ctx.waitEstimator.waitMs(NEXT)).toBeGreaterThan(50_000)
  const { reply } = (await send(api, ann, await createRoom(api, ann), "not yet")).body
  expect(reply.estimatedWaitMs).toBeGreaterThan(50_000)
  await cancel(ann, reply)
  app.ctx.circuitBreaker.succeeded(FALLBACK)
  await expect.poll(() => api.ctx.waitEstimator.waitMs(NEXT)).toBe(0)
})

test("the estimated wait grows with the queue position in the room", async () => {
  const room = await createRoom(app, ann)
  await expect.poll(() => app.ctx.waitEstimator.waitMs(NEXT)).toBe(0)
  const waits: number[] = []
  const replies = []
  for (const message of ["[[gemini: stall after=1]] holds up", "second", "third", "fourth"]) {
    const { reply } = (await send(app, ann, room, message)).body
    replies.push(reply)
    waits.push(reply.estimatedWaitMs)
  }
  const rising = (some: number[]) => some.every((wait, i) => i === 0 || wait > (some[i - 1] as number))
  expect(rising(waits), String(waits)).toBe(true)
  const [first, ...behind] = replies
  const { body } = await ann.http.get(`/chatroom/${room.id}`)
  const queued = body.messages.filter(({ id }: { id: string }) => behind.some((reply) => reply.id === id))
  const read = queued.map((message: { estimatedWaitMs: number }) => message.estimatedWaitMs)
  expect(read).toHaveLength(3)
  expect(read[0]).toBeGreaterThan(0)
  expect(rising(read), String(read)).toBe(true)
  await cancel(ann, first)
  for (const reply of behind) await finalReply(app, ann, reply)
})

test("a reply that failed waits no less than until its next attempt", async () => {
  app.gemini.script({ directive: "cut after=1", text: "comes later", calls: 2 })
  const { reply } = (await send(app, ann, await createRoom(app, ann), "comes later")).body
  const path = `/chatroom/${reply.chatroomId}/message/${reply.id}`
  await expect.poll(async () => (await ann.http.get(path)).body.estimatedWaitMs).toBeGreaterThan(200)
  expect(await finalReply(app, ann, reply)).toMatchObject({ status: "completed" })
})

const HALF_PAST = new Date("2027-03-01T12:00:30Z")

test("no more calls are made in a minute than GEMINI_RPM says, by all workers together", async () => {
  const config = { gemini: { requestsPerMinute: 3 } }
  await using first = await startTestApp({ config })
  await using _second = await startTestApp({ config, beside: first })
  await setAppNow(first.pool, HALF_PAST)
  const user = await signIn(first)
  await makePro(first, user)
  await sendToRooms(first, user, 8, () => "limited")
  await using queue = viewQueue(first)
  await expect.poll(() => queue.pausedForMs()).toBeGreaterThan(3_000)
  await expect.poll(() => first.gemini.calls().length).toBe(3)
})

test("a new minute has new calls, not a moment sooner", async () => {
  await using limited = await startTestApp({ config: { gemini: { requestsPerMinute: 2 } } })
  await setAppNow(limited.pool, new Date("2027-02-28T23:59:59.900Z"))
  const user = await signIn(limited)
  await sendToRooms(limited, user, 5, () => "by the minute")
  const refused = () =>
    limited.pool.query("SELECT failures FROM messages WHERE role = 'model' AND attempt > 1")
  // The clock stands still, so the next minute that they wait for doesn't come.
  await expect.poll(async () => (await refused()).rowCount, { timeout: 30_000 }).toBe(3)
  expect(limited.gemini.calls()).toHaveLength(2)
  await setAppNow(limited.pool, new Date("2027-03-01T00:00:00.000Z"))
  await expect.poll(() => limited.gemini.calls().length, { timeout: 30_000 }).toBe(4)
  // Of the new minute all is left, and the last one waits for its end.
  const waiting = "SELECT 1 FROM messages WHERE not_before > now() + interval '40 seconds'"
  await expect.poll(async () => (await limited.pool.query(waiting)).rowCount).toBe(1)
  expect(limited.gemini.calls()).toHaveLength(4)
  expect((await refused()).rows.every(({ failures }) => failures === 0)).toBe(true)
})

test("jobs whose reply is made already leave the calls of GEMINI_RPM to others", async () => {
  await using limited = await startTestApp({ config: { gemini: { requestsPerMinute: 3 } } })
  await setAppNow(limited.pool, HALF_PAST)
  const user = await signIn(limited)
  const room = await createRoom(limited, user)
  const { id } = await ask(limited, user, room, "made")
  const made = { userId: user.user.id, id }
  // As the sweep leaves them behind, of prompts that have waited.
  for (let i = 0; i < 6; i++) await limited.ctx.queue.enqueue(made, { inFlight: 1, dedupeKey: `${i}.again` })
  expect(await ask(limited, user, room, "late")).toMatchObject({ status: "completed" })
  expect(await callsCounted(limited)).toBe(limited.gemini.calls().length)
})

test("calls to fallback models count for GEMINI_RPM, and replies that find none left wait: only their calls count", async () => {
  const gemini = { requestsPerMinute: 4, fallbackModels: [FALLBACK] }
  await using limited = await startTestApp({ config: { gemini } })
  await setAppNow(limited.pool, HALF_PAST)
  limited.gemini.script({ directive: "unavailable", model: MODEL, text: "twice", calls: 99 })
  const user = await signIn(limited)
  await makePro(limited, user)
  await sendToRooms(limited, user, 4, () => "twice")
  const failuresOfWaiting = async () => {
    const rows = await limited.query(
      "SELECT failures FROM messages WHERE status = 'queued' AND attempt > 0 AND not_before > now() + interval '3 seconds'",
    )
    return rows.map(({ failures }) => failures)
  }
  await expect.poll(async () => (await failuresOfWaiting()).length).toBeGreaterThan(0)
  expect(Math.max(...(await failuresOfWaiting()))).toBeLessThanOrEqual(1)
  expect(limited.gemini.calls()).toHaveLength(4)
  expect(await callsCounted(limited)).toBe(4)
})

/** Those of the minute that the clock shows. */
const callsCounted = async (of: TestApp): Promise<number> =>
  (await of.query("SELECT used FROM counters WHERE scope = 'gemini_calls'"))[0]?.used

function viewQueue({ ctx }: TestApp) {
  const { redis: store, database } = ctx.config
  const redis = store.url ? new Redis(store.url, { maxRetriesPerRequest: null }) : null
  const queue = redis
    ? new Queue(QUEUE_NAME, { connection: redis })
    : new OnPostgres.Queue(QUEUE_NAME, { connection: { connectionString: database.url, max: 1 } })
  return {
    pausedForMs: () => queue.getRateLimitTtl(pausable(app.ctx.timing).limiter.max),
    async [Symbol.asyncDispose]() {
      await queue.close()
      redis?.disconnect()
    },
  }
}
