import { Queue } from "bullmq"
import { Redis } from "ioredis"
import { afterAll, beforeAll, expect, test } from "vitest"
import { OnPostgres, pausable } from "../../src/services/platform/job-queue.ts"
import { QUEUE_NAME } from "../../src/services/replies/accept/reply-queue.ts"
import { sweepReplies } from "../../src/services/replies/worker/sweep.ts"
import { MINUTE } from "../../src/utils/time.ts"
import { type SignedIn, signIn, startTestApp, type TestApp } from "../helpers/app.ts"
import { ask, createRoom, finalReply, makePro, send } from "../helpers/chat.ts"
import { setAppNow } from "../helpers/clock.ts"

let app: TestApp
let ann: SignedIn

beforeAll(async () => {
  app = await startTestApp({
    config: {
      gemini: { fallbackModels: ["gemini-3.5-flash-lite"], idleTimeoutMs: 3_000 },
      worker: { concurrency: 2 },
    },
    timing: { gemini: { firstCooldownMs: 500 }, replies: { estimateMs: 200 } },
  })
  ann = await signIn(app)
  await makePro(app, ann)
})
afterAll(() => app.close())

test.each(["unavailable", "cut-headers", "stall-headers"])(
  "while the first model's answer is %s the fallback answers, at the same attempt",
  async (directive) => {
    app.gemini.reset()
    app.gemini.script({ directive, model: "gemini-3.8-flash", text: "fall back", calls: 1 })
    const reply = await ask(app, ann, await createRoom(app, ann), "fall back")
    expect(reply).toMatchObject({ status: "completed", model: "gemini-3.5-flash-lite" })
    expect(app.gemini.calls().map(({ model }) => model)).toEqual([
      "gemini-3.8-flash",
      "gemini-3.5-flash-lite",
    ])
  },
)

test("an answer that breaks off isn't another model's to go on with", async () => {
  app.gemini.reset()
  app.gemini.script({ directive: "cut after=2", model: "gemini-3.8-flash", text: "break off", calls: 1 })
  expect(await ask(app, ann, await createRoom(app, ann), "break off")).toMatchObject({ status: "completed" })
  expect(app.gemini.calls().map(({ model }) => model)).toEqual(["gemini-3.8-flash", "gemini-3.8-flash"])
})

test("a model that can't be reached is left alone after five calls in a row", async () => {
  app.gemini.reset()
  app.gemini.script({ directive: "cut-headers", model: "gemini-3.8-flash", text: "nobody there", calls: 99 })
  const room = await createRoom(app, ann)
  for (let i = 0; i < 12; i++)
    expect(await ask(app, ann, room, "nobody there")).toMatchObject({ status: "completed" })
  const calls = app.gemini.calls().filter(({ model }) => model === "gemini-3.8-flash")
  expect(calls.length).toBeGreaterThanOrEqual(5)
  // A call after a rest, or a few where this machine is slow.
  expect(calls.length).toBeLessThan(10)
  app.ctx.circuitBreaker.succeeded("gemini-3.8-flash")
}, 60_000)

test("in a storm the overloaded models are left alone, and every prompt is answered after it", async () => {
  app.gemini.reset()
  app.gemini.script({ directive: "unavailable", text: "storm", calls: 12 })
  const rooms = await Promise.all(Array.from({ length: 60 }, () => createRoom(app, ann)))
  const sent = await Promise.all(rooms.map((room, i) => send(app, ann, room, `storm ${i}`)))
  for (const { body } of sent)
    expect(await finalReply(app, ann, body.reply, 90_000)).toMatchObject({ status: "completed" })
  expect(app.gemini.calls().length).toBeLessThanOrEqual(60 + 12)
}, 120_000)

test("a reply that has waited long behind its room still waits for a resting model", async () => {
  app.gemini.reset()
  const room = await createRoom(app, ann)
  const first = (await send(app, ann, room, "[[gemini: chunks=10 delay=100]] first")).body.reply
  const second = (await send(app, ann, room, "second")).body.reply
  await app.pool.query("UPDATE messages SET created_at = now() - interval '1 day' WHERE id = $1", [second.id])
  // Its first chunk, when the worker has it, ends a rest: that is over once later ones are on their way.
  await expect.poll(() => app.gemini.calls()[0]?.chunksSent ?? 0).toBeGreaterThan(2)
  letModelsRest(4_000)
  await finalReply(app, ann, first)
  expect(await finalReply(app, ann, second)).toMatchObject({ status: "completed" })
  const counts = "SELECT failures, cooling_down_since IS NOT NULL AS rested FROM messages WHERE id = $1"
  const { rows } = await app.pool.query(counts, [second.id])
  expect(rows).toEqual([{ failures: 0, rested: true }])
}, 40_000)

test("a reply that has found all models resting for five minutes fails, without a call", async () => {
  app.gemini.reset()
  letModelsRest(MINUTE)
  const { reply } = (await send(app, ann, await createRoom(app, ann), "no patience")).body
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
  for (const model of modelsOf(app)) app.ctx.circuitBreaker.succeeded(model)
}, 40_000)

const modelsOf = ({ ctx }: TestApp) => [ctx.config.gemini.model, ...ctx.config.gemini.fallbackModels]

function letModelsRest(ms: number): void {
  for (const model of modelsOf(app)) for (let i = 0; i < 5; i++) app.ctx.circuitBreaker.failed(model, ms)
}

/** Gives this app's two workers' places to replies that last. @returns what frees them */
async function keepBusy(): Promise<() => Promise<void>> {
  const user = await signIn(app)
  const held: { id: string; chatroomId: string }[] = []
  for (const part of ["one", "two"])
    held.push(
      (await send(app, user, await createRoom(app, user), `[[gemini: chunks=400 delay=500]] ${part}`)).body
        .reply,
    )
  await expect.poll(() => app.gemini.calls().length).toBe(held.length)
  return async () => {
    for (const { chatroomId, id } of held)
      await app.http.post(`/chatroom/${chatroomId}/message/${id}/cancel`, {}, { token: user.token })
  }
}

/** How many of the prompts named "many" were asked before `prompt`. */
function askedBefore(prompt: string): number {
  const prompts = app.gemini.calls().map((call) => call.prompt)
  return prompts.slice(0, prompts.indexOf(prompt)).filter((one) => one.includes("many")).length
}

test("one user's many prompts don't make another wait for all of them", async () => {
  app.gemini.reset()
  const bob = await signIn(app)
  const room = await createRoom(app, bob)
  const rooms = await Promise.all(Array.from({ length: 40 }, () => createRoom(app, ann)))
  const free = await keepBusy()
  const many = await Promise.all(rooms.map((one) => send(app, ann, one, "many")))
  const { body } = await send(app, bob, room, "just one")
  await free()
  expect(await finalReply(app, bob, body.reply)).toMatchObject({ status: "completed" })
  expect(askedBefore("just one")).toBeLessThan(20)
  for (const { body } of many)
    expect(await finalReply(app, ann, body.reply, 60_000)).toMatchObject({ status: "completed" })
}, 90_000)

test("nor do many prompts that come one by one and wait until the sweep enqueues them again", async () => {
  app.gemini.reset()
  const bob = await signIn(app)
  const room = await createRoom(app, bob)
  const rooms = await Promise.all(Array.from({ length: 40 }, () => createRoom(app, ann)))
  const free = await keepBusy()
  const many = await Promise.all(rooms.map((one) => send(app, ann, one, "many")))
  for (const { body } of many) {
    await app.pool.query("UPDATE messages SET lease_until = now() WHERE id = $1 AND status = 'queued'", [
      body.reply.id,
    ])
    await sweepReplies(app.ctx, "queued", { take: () => false })
  }
  const { body } = await send(app, bob, room, "just one")
  await free()
  expect(await finalReply(app, bob, body.reply)).toMatchObject({ status: "completed" })
  expect(askedBefore("just one")).toBeLessThan(10)
  for (const { body } of many)
    expect(await finalReply(app, ann, body.reply, 60_000)).toMatchObject({ status: "completed" })
}, 90_000)

test("the wait of a queued reply is told", async () => {
  const rooms = await Promise.all(Array.from({ length: 20 }, () => createRoom(app, ann)))
  const sent = await Promise.all(
    rooms.map((room) => send(app, ann, room, "[[gemini: chunks=2 delay=100]] wait")),
  )
  const last = sent.at(-1)?.body.reply
  const path = `/chatroom/${last.chatroomId}/message/${last.id}`
  await expect
    .poll(async () => (await app.http.get(path, { token: ann.token })).body.estimatedWaitMs)
    .toBeGreaterThan(0)
  const done = await finalReply(app, ann, last, 60_000)
  expect(done.estimatedWaitMs).toBeNull()
}, 90_000)

test("a reply waits for those before it in its room, and is told so", async () => {
  const room = await createRoom(app, ann)
  await expect.poll(() => app.ctx.waitEstimator.waitMs({ queuePosition: 0, cooldownMs: 0 })).toBe(0)
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
  const { body } = await app.http.get(`/chatroom/${room.id}`, { token: ann.token })
  const told = body.messages.filter(({ id }: { id: string }) => behind.some((reply) => reply.id === id))
  const read = told.map((message: { estimatedWaitMs: number }) => message.estimatedWaitMs)
  expect(read).toHaveLength(3)
  expect(read[0]).toBeGreaterThan(0)
  expect(rising(read), String(read)).toBe(true)
  await app.http.post(`/chatroom/${room.id}/message/${first.id}/cancel`, {}, { token: ann.token })
  for (const reply of behind) await finalReply(app, ann, reply)
})

test("a reply that failed waits no less than until its next attempt", async () => {
  app.gemini.script({ directive: "cut after=1", text: "comes later", calls: 2 })
  const { reply } = (await send(app, ann, await createRoom(app, ann), "comes later")).body
  const path = `/chatroom/${reply.chatroomId}/message/${reply.id}`
  await expect
    .poll(async () => (await app.http.get(path, { token: ann.token })).body.estimatedWaitMs)
    .toBeGreaterThan(500)
  expect(await finalReply(app, ann, reply)).toMatchObject({ status: "completed" })
})

test("no more calls are made in a minute than GEMINI_RPM says, by all workers together", async () => {
  app.gemini.reset()
  const config = { gemini: { requestsPerMinute: 3 } }
  const first = await startTestApp({ config })
  const second = await startTestApp({ config, beside: first })
  try {
    await setAppNow(first.pool, new Date("2027-03-01T12:00:30Z"))
    const user = await signIn(first)
    await makePro(first, user)
    const rooms = await Promise.all(Array.from({ length: 8 }, () => createRoom(first, user)))
    const sent = await Promise.all(rooms.map((room) => send(first, user, room, "limited")))
    expect(sent.map(({ status }) => status)).toEqual(Array(8).fill(202))
    const { config: used } = first.ctx
    await using queue = viewQueue(used.redis.url, used.database.url)
    await expect.poll(() => queue.restsForMs()).toBeGreaterThan(3_000)
    await expect.poll(() => first.gemini.calls().length).toBe(3)
  } finally {
    await second.close()
    await first.close()
  }
})

test("a new minute has new calls, not a moment sooner", async () => {
  const limited = await startTestApp({ config: { gemini: { requestsPerMinute: 2 } } })
  try {
    await setAppNow(limited.pool, new Date("2027-02-28T23:59:59.900Z"))
    const user = await signIn(limited)
    const rooms = await Promise.all(Array.from({ length: 5 }, () => createRoom(limited, user)))
    await Promise.all(rooms.map((room) => send(limited, user, room, "by the minute")))
    const refused = () =>
      limited.pool.query("SELECT failures, attempt FROM messages WHERE role = 'model' AND attempt > 1")
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
  } finally {
    await limited.close()
  }
})

test("jobs whose reply is made already leave the calls of GEMINI_RPM to others", async () => {
  const limited = await startTestApp({ config: { gemini: { requestsPerMinute: 3 } } })
  try {
    await setAppNow(limited.pool, new Date("2027-03-01T12:00:30Z"))
    const user = await signIn(limited)
    const room = await createRoom(limited, user)
    const { id } = await ask(limited, user, room, "made")
    const made = { userId: user.user.id, id }
    // As the sweep leaves them behind, of prompts that have waited.
    for (let i = 0; i < 6; i++)
      await limited.ctx.queue.enqueue(made, { inFlight: 1, dedupeKey: `${i}.again` })
    const { body } = await send(limited, user, room, "late")
    expect(await finalReply(limited, user, body.reply)).toMatchObject({ status: "completed" })
    expect(await callsCounted(limited)).toBe(limited.gemini.calls().length)
  } finally {
    await limited.close()
  }
})

test("calls to fallback models count for GEMINI_RPM, and who finds none left waits without a failure", async () => {
  const limited = await startTestApp({
    config: { gemini: { requestsPerMinute: 4, fallbackModels: ["gemini-3.5-flash-lite"] } },
  })
  try {
    limited.gemini.script({ directive: "unavailable", model: "gemini-3.8-flash", text: "twice", calls: 99 })
    const user = await signIn(limited)
    await makePro(limited, user)
    await setAppNow(limited.pool, new Date("2027-03-01T12:00:30Z"))
    const rooms = await Promise.all(Array.from({ length: 4 }, () => createRoom(limited, user)))
    const sent = await Promise.all(rooms.map((room) => send(limited, user, room, "twice")))
    expect(sent.map(({ status }) => status)).toEqual(Array(4).fill(202))
    const waiting = () =>
      limited.pool.query(
        "SELECT failures FROM messages WHERE status = 'queued' AND attempt > 0 AND not_before > now() + interval '3 seconds'",
      )
    await expect.poll(async () => (await waiting()).rowCount).toBeGreaterThan(0)
    expect((await waiting()).rows.every(({ failures }) => failures === 0)).toBe(true)
    expect(limited.gemini.calls()).toHaveLength(4)
    expect(await callsCounted(limited)).toBe(4)
  } finally {
    await limited.close()
  }
})

/** Those of the minute that the clock shows. */
async function callsCounted({ pool }: TestApp): Promise<number> {
  const { rows } = await pool.query("SELECT used FROM counters WHERE scope = 'gemini_calls'")
  return rows[0]?.used
}

function viewQueue(redisUrl: string | null, databaseUrl: string) {
  const redis = redisUrl ? new Redis(redisUrl, { maxRetriesPerRequest: null }) : null
  const queue = redis
    ? new Queue(QUEUE_NAME, { connection: redis })
    : new OnPostgres.Queue(QUEUE_NAME, { connection: { connectionString: databaseUrl, max: 1 } })
  return {
    restsForMs: () => queue.getRateLimitTtl(pausable(app.ctx.timing).limiter.max),
    async [Symbol.asyncDispose]() {
      await queue.close()
      redis?.disconnect()
    },
  }
}
