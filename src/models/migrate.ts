import { readdir } from "node:fs/promises"
import type pg from "pg"
import { postgresOptions } from "../config/postgres.ts"
import type { Pooler } from "../config/postgres-session.ts"

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
 * Brings the schema up to date. Safe to call from many processes at once: each step is one transaction, which one of them
 * makes while the others wait, and a pooler may give each transaction another connection.
 * @returns the names of the migrations that were applied by this call, in order.
 * @throws {UnknownSchema}
 */
export async function migrate(databaseUrl: string, pooler?: Pooler): Promise<string[]> {
  const { Client, ...options } = postgresOptions(databaseUrl, { pooler })
  const client = new Client(options)
  await client.connect()
  const applied: string[] = []
  try {
    await begin(client)
    await client.query(
      "CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY, applied_at timestamptz DEFAULT now())",
    )
    await client.query("COMMIT")
    const executed = await executedSteps(client)
    if ((await steps()).some((name) => !executed.includes(name))) await applyAll(client, applied)
    return applied
  } finally {
    await client.end()
  }
}

/** Begins a transaction that no other process's runs beside. A role's time-outs are for requests. */
async function begin(client: pg.Client): Promise<void> {
  await client.query("BEGIN")
  await client.query(
    "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL enable_seqscan = on",
  )
  await client.query(`SELECT pg_advisory_xact_lock(${MIGRATION_LOCK})`)
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
  const files = (await readdir(folder)).filter((file) => file.endsWith(".ts"))
  return files.map((file) => file.replace(/\.ts$/, "")).sort()
}

/**
 * Loads what applies steps only where there are some: it takes a tenth of every other start.
 * @param applied where the names of the steps go that this process made
 */
async function applyAll(client: pg.Client, applied: string[]): Promise<void> {
  const { Umzug } = await import("umzug")
  const umzug = new Umzug({
    context: client,
    logger: undefined,
    storage: {
      executed: () => executedSteps(client),
      async logMigration({ name }) {
        const enter = "INSERT INTO migrations (name) VALUES ($1) ON CONFLICT DO NOTHING"
        const { rowCount } = await client.query(enter, [name])
        await client.query("COMMIT")
        if (rowCount === 1) applied.push(name)
      },
      async unlogMigration() {},
    },
    migrations: async () => (await steps()).map((name) => ({ name, up: () => apply(client, name) })),
  })
  await umzug.up()
}

/** Leaves its transaction open for the ledger, which commits it. Does nothing where another process was faster. */
async function apply(client: pg.Client, name: string): Promise<void> {
  const { up } = (await import(new URL(`${name}.ts`, folder).href)) as Migration
  await begin(client)
  try {
    const { rowCount } = await client.query("SELECT FROM migrations WHERE name = $1", [name])
    if (rowCount === 0) await up(client)
  } catch (error) {
    await client.query("ROLLBACK")
    throw error
  }
}
