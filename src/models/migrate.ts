import { readdir } from "node:fs/promises"
import type pg from "pg"
import { postgresOptions } from "../config/postgres.ts"

/** One step of the schema. There is no way down: a mistake is mended by the next step. */
export interface Migration {
  /** Runs inside a transaction that also enters the step in the ledger: both happen or neither. */
  up(client: pg.ClientBase): Promise<void>
}

/** The database was made by a version whose steps are not among ours: nothing of it is touched. */
export class UnknownSchema extends Error {
  override name = "UnknownSchema"
  readonly code = "UNKNOWN_SCHEMA"

  constructor(steps: readonly string[]) {
    super(
      `This database was made by an earlier version (${steps.join(", ")}), whose schema this version can't migrate: ` +
        "run `npm run reset` to empty the database in DATA_DIR, or dump it with the earlier version and load it into " +
        "a new one, as CHANGELOG.md describes.",
    )
  }
}

/** Any number that nothing else in this database locks. */
const MIGRATION_LOCK = 7_203_155_021

/**
 * Brings the schema up to date. Safe to call from many processes at once: one migrates, the others wait.
 * @returns the names of the migrations that were applied, in order.
 * @throws {UnknownSchema}
 */
export async function migrate(databaseUrl: string): Promise<string[]> {
  const { Client, ...options } = postgresOptions(databaseUrl)
  const client = new Client(options)
  await client.connect()
  try {
    await client.query(`SELECT pg_advisory_lock(${MIGRATION_LOCK})`)
    await client.query(
      "CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY, applied_at timestamptz DEFAULT now())",
    )
    const executed = await executedSteps(client)
    const pending = (await steps()).filter((name) => !executed.includes(name))
    return pending.length === 0 ? [] : await apply(client)
  } finally {
    // Closing the session gives the lock back.
    await client.end()
  }
}

const FIRST = "0001-schema"

const folder = new URL("./migrations/", import.meta.url)

/** @throws {UnknownSchema} */
async function executedSteps(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>("SELECT name FROM migrations ORDER BY name")
  const executed = rows.map((row) => row.name)
  // A version after ours may have added steps, but every ledger of ours begins with the same one.
  if (executed.length > 0 && !executed.includes(FIRST)) throw new UnknownSchema(executed)
  return executed
}

async function steps(): Promise<string[]> {
  const files = await readdir(folder)
  return files
    .filter((file) => file.endsWith(".ts"))
    .map((file) => file.replace(/\.ts$/, ""))
    .sort()
}

/** Loads what applies steps only where there are some: a tenth of a second of every other start. */
async function apply(client: pg.Client): Promise<string[]> {
  const { Umzug } = await import("umzug")
  const umzug = new Umzug({
    context: client,
    logger: undefined,
    storage: {
      executed: () => executedSteps(client),
      async logMigration({ name }) {
        await client.query("INSERT INTO migrations (name) VALUES ($1)", [name])
        await client.query("COMMIT")
      },
      async unlogMigration() {},
    },
    migrations: async () => (await steps()).map((name) => ({ name, up: () => applyStep(client, name) })),
  })
  return (await umzug.up()).map(({ name }) => name)
}

/** Leaves its transaction open for the ledger, which commits it. */
async function applyStep(client: pg.Client, name: string): Promise<void> {
  const { up } = (await import(new URL(`${name}.ts`, folder).href)) as Migration
  await client.query("BEGIN")
  try {
    await up(client)
  } catch (error) {
    await client.query("ROLLBACK")
    throw error
  }
}
