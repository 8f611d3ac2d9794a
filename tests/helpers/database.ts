import { randomBytes } from "node:crypto"
import pg from "pg"
import { inject } from "vitest"
import type { Pooler } from "../../src/config/postgres-session.ts"
import { migrate } from "../../src/models/migrate.ts"
import { TEMPLATE } from "./global-setup.ts"

/** A fresh, migrated database; several apps may share one. */
export interface TestDatabase {
  url: string
  drop(): Promise<void>
}

export async function createTestDatabase(): Promise<TestDatabase> {
  const url = new URL(inject("databaseUrl"))
  const name = `test_${randomBytes(8).toString("hex")}`
  await runOn(url.href, `CREATE DATABASE ${name} TEMPLATE ${TEMPLATE} ${inject("copyOptions")}`)
  const own = new URL(url)
  own.pathname = `/${name}`
  return { url: own.href, drop: () => runOn(url.href, `DROP DATABASE ${name} WITH (FORCE)`) }
}

/** Brings somebody else's database up to date; it stays. */
export async function useDatabase(url: string, pooler?: Pooler): Promise<TestDatabase> {
  await migrate(url, pooler)
  return { url, drop: async () => undefined }
}

/** One connection for all test files of a process, from the first statement on. It keeps no process alive. */
let admin: pg.Pool | undefined

async function runOn(url: string, statement: string): Promise<void> {
  const options = { max: 1, idleTimeoutMillis: 0, allowExitOnIdle: true }
  admin ??= new pg.Pool({ connectionString: url, ...options }).on("error", () => undefined)
  const pool = admin
  await retryWhileCopied(() => pool.query(statement))
}

/** `object_in_use`: PostgreSQL copies a template for one client at a time. */
async function retryWhileCopied(work: () => Promise<unknown>): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      return void (await work())
    } catch (error) {
      if ((error as { code?: string }).code !== "55006" || tries > 200) throw error
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}
