import { mkdtemp, rm, statfs } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import pg from "pg"
import type { TestProject } from "vitest/node"
// @ts-expect-error the launcher is plain JavaScript, without types
import { ensureWebBuilt } from "../../bin/web-build.mjs"
import { startEmbeddedPostgres } from "../../src/embedded/postgres/index.ts"
import { migrate } from "../../src/models/migrate.ts"
import { migrateQueues } from "../../src/services/platform/queue-store.ts"
import { startRedis } from "../../tools/lib/redis-server.ts"

/** The database that every test file's own is copied from. */
export const TEMPLATE = "test_template"

/** One PostgreSQL and, where there is one, one Redis for the whole run; and the web client, as `npm start` builds it. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const stack = new AsyncDisposableStack()
  await ensureWebBuilt(resolve(import.meta.dirname, "../.."), { node: process.execPath })
  const databaseUrl = process.env.TEST_DATABASE_URL ?? (await startPostgres(stack))
  project.provide("copyOptions", await makeTemplate(databaseUrl))
  const redisUrl = process.env.TEST_REDIS_URL ?? (await startRedis(stack))
  project.provide("databaseUrl", databaseUrl)
  project.provide("redisUrl", redisUrl)
  return () => stack.disposeAsync()
}

async function startPostgres(stack: AsyncDisposableStack): Promise<string> {
  const dataDir = await mkdtemp(join(await quickFolder(), "test-postgres-"))
  stack.defer(() => rm(dataDir, { recursive: true, force: true }))
  const settings = {
    fsync: "off",
    synchronous_commit: "off",
    full_page_writes: "off",
    max_connections: "400",
  }
  const postgres = await startEmbeddedPostgres({ dataDir, settings })
  stack.defer(() => postgres.stop())
  return postgres.url
}

/** Each test file copies a database, for which memory takes a third of a disk's time. */
async function quickFolder(): Promise<string> {
  const { bavail, bsize } = await statfs(IN_MEMORY).catch(() => ({ bavail: 0, bsize: 0 }))
  return bavail * bsize >= ROOM_FOR_RUN ? IN_MEMORY : tmpdir()
}

/** Where Linux mounts a file system in memory, which containers often keep at 64 MB. */
const IN_MEMORY = "/dev/shm"

/** Bytes: far more than the databases that are there at once, of 10 MB each, and `max_wal_size` (512 MB). */
const ROOM_FOR_RUN = 4 * 2 ** 30

/**
 * @returns how to copy it soonest. By default every page goes through the WAL, which takes twenty times as long;
 * PostgreSQL 14 copies files and knows no other way.
 */
async function makeTemplate(databaseUrl: string): Promise<string> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  await client.query(`DROP DATABASE IF EXISTS ${TEMPLATE}`)
  await client.query(`CREATE DATABASE ${TEMPLATE}`)
  const { rows } = await client.query(
    "SELECT current_setting('server_version_num')::int >= 150000 AS chooses",
  )
  await client.end()
  const url = new URL(databaseUrl)
  url.pathname = `/${TEMPLATE}`
  await migrate(url.href)
  await migrateQueues(url.href)
  return rows[0].chooses ? "STRATEGY file_copy" : ""
}

declare module "vitest" {
  interface ProvidedContext {
    databaseUrl: string
    /** Of `CREATE DATABASE … TEMPLATE`. */
    copyOptions: string
    /** null: this machine has no Redis, and the Redis half is left out. */
    redisUrl: string | null
  }
}
