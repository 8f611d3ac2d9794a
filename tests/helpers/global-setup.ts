import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import pg from "pg"
import type { TestProject } from "vitest/node"
// @ts-expect-error the launcher is plain JavaScript, without types
import { ensureWebBuilt } from "../../bin/web-build.mjs"
import { createLogger } from "../../src/config/logger.ts"
import { TIMING } from "../../src/config/timing.ts"
import { startEmbeddedPostgres } from "../../src/embedded/postgres/index.ts"
import { migrate } from "../../src/models/migrate.ts"
import { createReplyQueue } from "../../src/services/replies/accept/reply-queue.ts"
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
  const dataDir = await mkdtemp(join(tmpdir(), "test-postgres-"))
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
  const queue = await createReplyQueue(
    { redisUrl: null, databaseUrl: url.href },
    TIMING,
    createLogger("silent"),
  )
  await queue.close()
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
