import { randomBytes } from "node:crypto"
import pg from "pg"
import { expect, inject, test } from "vitest"
import { createLogger } from "../../src/config/logger.ts"
import { PostgresUnfit, retryOnPostgres, waitForPostgres } from "../../src/config/postgres-ready.ts"
import { TIMING } from "../../src/config/timing.ts"
import { openJobQueue } from "../../src/services/platform/job-queue.ts"
import { openJobWorker } from "../../src/services/platform/job-worker.ts"
import {
  createQueuePool,
  migrateQueues,
  openQueueStore,
  type QueueStore,
} from "../../src/services/platform/queue-store.ts"
import { pause, SECOND } from "../../src/utils/time.ts"
import { testStack } from "../helpers/stack.ts"

const log = createLogger("silent")
const timing = { ...TIMING, queue: { ...TIMING.queue, reopenMs: 50 } }
const waiting = { onWait: () => undefined, signal: new AbortController().signal, timeoutMs: 1 * SECOND }

/** A database of a role that is no superuser, whose limits would count for nobody otherwise. */
async function openLimited(stack: AsyncDisposableStack) {
  const admin = new pg.Client(inject("databaseUrl"))
  await admin.connect()
  const name = `limited_${randomBytes(6).toString("hex")}`
  await admin.query(`CREATE ROLE ${name} LOGIN PASSWORD 'of-a-test'`)
  await admin.query(`CREATE DATABASE ${name} OWNER ${name}`)
  stack.defer(async () => {
    await admin.query(`DROP DATABASE ${name} WITH (FORCE)`)
    await admin.query(`DROP ROLE ${name}`)
    await admin.end()
  })
  const url = Object.assign(new URL(inject("databaseUrl")), {
    pathname: `/${name}`,
    username: name,
    password: "of-a-test",
  }).href
  await migrateQueues(url)
  return { name, url, run: (sql: string) => admin.query(sql.replaceAll("NAME", name)) }
}

interface Numbered {
  n: number
}

/** As a process of its own has it. */
function openStore(stack: AsyncDisposableStack, databaseUrl: string): QueueStore {
  const pool = createQueuePool(databaseUrl, 5, timing.postgres)
  stack.defer(() => pool.end())
  return { redisUrl: null, databaseUrl, pool }
}

/** A worker of the database's that notes the jobs it is given. */
function openWorker(stack: AsyncDisposableStack, databaseUrl: string) {
  const seen: number[] = []
  const work = async ({ data }: { data: Numbered }) => {
    seen.push(data.n)
    return null
  }
  const queueStore = openStore(stack, databaseUrl)
  const worker = openJobWorker<Numbered>(NAME, { queueStore, timing, log }, work, {})
  stack.defer(() => worker.close())
  return seen
}

async function openQueue(stack: AsyncDisposableStack, databaseUrl: string) {
  const queue = await openJobQueue<Numbered>(NAME, openStore(stack, databaseUrl), timing, log)
  stack.defer(() => queue.close())
  return { add: (n: number) => queue.add("job", { n }, { removeOnComplete: true }) }
}

const NAME = "limited"

test.each([
  ["too many connections", "ALTER DATABASE NAME CONNECTION LIMIT", "1", "-1"],
  ["a role that may not log in", "ALTER ROLE NAME", "NOLOGIN", "LOGIN"],
  ["a wrong password", "ALTER ROLE NAME PASSWORD", "'other'", "'of-a-test'"],
  ["a database that takes none", "ALTER DATABASE NAME ALLOW_CONNECTIONS", "false", "true"],
])("a worker that meets %s blocks nothing and starts later", async (_, statement, broken, mended) => {
  const stack = testStack()
  const { url, run } = await openLimited(stack)
  const queue = await openQueue(stack, url)
  await queue.add(1)
  await run(`${statement} ${broken}`)
  const seen = openWorker(stack, url)
  // A blocked event loop would hold this up for ever.
  await pause(5 * timing.queue.reopenMs)
  expect(seen).toEqual([])
  await run(`${statement} ${mended}`)
  await expect.poll(() => seen, { timeout: 10 * SECOND }).toEqual([1])
})

test("a worker whose role loses its rights blocks nothing and goes on when they are back", async () => {
  const stack = testStack()
  const { name, url } = await openLimited(stack)
  const queue = await openQueue(stack, url)
  const seen = openWorker(stack, url)
  await queue.add(1)
  await expect.poll(() => seen).toEqual([1])
  const owner = new pg.Client(url)
  await owner.connect()
  stack.defer(() => owner.end())
  await owner.query(`REVOKE ALL ON ALL TABLES IN SCHEMA bullmq FROM ${name}`)
  await expect(queue.add(2)).rejects.toMatchObject({ code: "42501" })
  await pause(5 * timing.queue.reopenMs)
  await owner.query(`GRANT ALL ON ALL TABLES IN SCHEMA bullmq TO ${name}`)
  await queue.add(3)
  await expect.poll(() => seen, { timeout: 10 * SECOND }).toEqual([1, 3])
})

test("a queue whose first connection is rejected says so, and the next one works", async () => {
  const stack = testStack()
  const { url, run } = await openLimited(stack)
  await run("ALTER DATABASE NAME CONNECTION LIMIT 0")
  await expect(openQueue(stack, url)).rejects.toMatchObject({ code: "53300" })
  await run("ALTER DATABASE NAME CONNECTION LIMIT -1")
  await (await openQueue(stack, url)).add(1)
})

test("a start for which too few connections are left ends with a sentence that names the limit", async () => {
  const stack = testStack()
  const { name, url, run } = await openLimited(stack)
  await run("ALTER DATABASE NAME CONNECTION LIMIT 1")
  const connections = await waitForPostgres(url, waiting)
  expect(connections).toBe(1)
  const taken = new pg.Client(url)
  await taken.connect()
  stack.defer(() => taken.end())
  const config = { redis: { url: null }, database: { url } }
  const start = retryOnPostgres(url, { ...waiting, connections }, () =>
    openQueueStore(config, timing.postgres),
  )
  await expect(start).rejects.toThrow(PostgresUnfit)
  await expect(start).rejects.toThrow(
    `isn't ready after 1 s: too many connections for database "${name}" (its limit is 1). Check DATABASE_URL.`,
  )
})
