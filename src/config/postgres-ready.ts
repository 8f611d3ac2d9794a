import { setTimeout } from "node:timers/promises"
import pg from "pg"
import { SECOND } from "../utils/time.ts"
import { readDatabaseUrl } from "./database-url.ts"
import { postgresOptions, queryOnce } from "./postgres.ts"
import { isShared, ONE_PLAN, type Pooler, settingsOf, WRONG_SETTINGS } from "./postgres-session.ts"
import { TIMING } from "./timing.ts"

/** PostgreSQL can't be used as it is, or not in time. The message is for the operator. */
export class PostgresUnfit extends Error {
  readonly code = "POSTGRES_UNFIT"
}

/** The oldest supported version when this was written: https://www.postgresql.org/support/versioning/ */
const MIN_MAJOR = 14

export interface WaitForPostgres {
  /** Called once with the reason if the database isn't ready at the first attempt. */
  onWait(why: string): void
  signal: AbortSignal
  timeoutMs?: number
  /** How many connections the database takes, if known. */
  connections?: number
  /** By default `session`. */
  pooler?: Pooler
}

/** What the start needs to know about a database. */
interface DatabaseFacts {
  /** `server_version_num`: 180004 is 18.4. */
  version: number
  encoding: string
  /** How many connections it takes from us and everybody else. */
  connections: number
  /** What the role must be told before a pooler may share its connections: statements. */
  settings: string[]
}

/**
 * Waits until PostgreSQL at `url` accepts connections, and checks its version and encoding. Waits while it starts,
 * recovers or can't be reached; a wrong password or name is an error at once. Behind a pooler that shares connections it
 * also checks the settings of the role.
 * @returns how many connections the database takes
 * @throws {PostgresUnfit} if it can't be used or isn't ready in time
 */
export async function waitForPostgres(url: string, waiting: WaitForPostgres): Promise<number> {
  const { pooler } = waiting
  const facts = await retryOnPostgres(url, waiting, () =>
    readFacts(url, pooler).catch((error: unknown) => {
      if (isTransient(error)) throw error
      throw unusable(url, error)
    }),
  )
  requireFit(facts, readDatabaseUrl(url)?.place)
  return facts.connections
}

/**
 * Runs `work` on the database, again and again while the database takes no connection for now.
 * @throws {PostgresUnfit} with a sentence for the operator, if the database isn't ready in time or can't be used
 */
export async function retryOnPostgres<T>(
  url: string,
  { onWait, signal, timeoutMs = TIMING.postgres.readyTimeoutMs, connections }: WaitForPostgres,
  work: () => Promise<T>,
): Promise<T> {
  const deadline = performance.now() + timeoutMs
  for (let attempts = 0; ; attempts++) {
    const result = await work().then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    )
    if ("value" in result) return result.value
    signal.throwIfAborted()
    if (!isTransient(result.error))
      throw isCausedByUrl(result.error) ? unusable(url, result.error) : result.error
    const isFull = (result.error as { code?: string }).code === TOO_MANY_CONNECTIONS
    const why = `${reasonOf(result.error)}${isFull && connections ? ` (its limit is ${connections})` : ""}`
    if (performance.now() > deadline) {
      throw new PostgresUnfit(
        `The ${readDatabaseUrl(url)?.place} isn't ready after ${timeoutMs / SECOND} s: ${why}. Check DATABASE_URL.`,
        { cause: result.error },
      )
    }
    if (attempts === 0) onWait(why)
    // Unlike `pause`, this timer keeps the process alive; nothing else does yet.
    await setTimeout(TIMING.postgres.readyPollMs, undefined, { signal }).catch(() => signal.throwIfAborted())
  }
}

async function readFacts(url: string, pooler?: Pooler): Promise<DatabaseFacts> {
  const { connectTimeoutMs, statementTimeoutMs } = TIMING.postgres
  const session = { pooler, connectTimeoutMs, statementTimeoutMs, settings: ONE_PLAN }
  const { Client, ...options } = postgresOptions(url, session)
  const wanted = isShared(session) ? settingsOf(session) : {}
  return (await queryOnce<DatabaseFacts>(new Client(options), FACTS, [
    JSON.stringify(wanted),
  ])) as DatabaseFacts
}

const FACTS = `
  SELECT current_setting('server_version_num')::int AS version, current_setting('server_encoding') AS encoding,
    ARRAY(${WRONG_SETTINGS}) AS settings,
    CASE WHEN rolsuper THEN ceiling ELSE least(ceiling, nullif(datconnlimit, -1), nullif(rolconnlimit, -1)) END
      AS connections
  FROM pg_database, pg_roles, (SELECT current_setting('max_connections')::int AS ceiling) AS server
  WHERE datname = current_database() AND rolname = current_user`

function requireFit({ version, encoding, settings }: DatabaseFacts, place: string | undefined): void {
  const major = Math.floor(version / 10_000)
  if (major < MIN_MAJOR) {
    throw new PostgresUnfit(
      `PostgreSQL ${major}.${version % 10_000} at DATABASE_URL is too old. Version ${MIN_MAJOR} or later is required.`,
    )
  }
  if (encoding !== "UTF8") {
    throw new PostgresUnfit(
      `The ${place} stores text as ${encoding}, which can't hold every message. Create it with ENCODING 'UTF8'.`,
    )
  }
  if (settings.length > 0) {
    throw new PostgresUnfit(
      `The ${place} is behind a pooler that shares connections, where the role needs settings of its own. Run this as ` +
        `the same role, past the pooler, then RECONNECT in the pooler's console:\n${settings.join("\n")}`,
    )
  }
}

/**
 * Transient SQLSTATEs (https://www.postgresql.org/docs/current/errcodes-appendix.html): `connection_failure`,
 * `cannot_connect_now` (starting, recovering, stopping), `admin_shutdown`, `crash_shutdown`, `too_many_connections`.
 * Also Node's errors for a server or network that isn't available yet. An unknown host name (ENOTFOUND) is treated as
 * a wrong one.
 */
const TRANSIENT =
  /^(?:08006|57P0[123]|53300|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN|ENOENT)$/

const TOO_MANY_CONNECTIONS = "53300"

function isTransient(error: unknown): boolean {
  return TRANSIENT.test((error as { code?: string }).code ?? "")
}

/** SQLSTATE classes 28 and 3D and `insufficient_privilege`: another user or database would do. */
function isCausedByUrl(error: unknown): boolean {
  return error instanceof pg.DatabaseError && /^(?:28|3D|42501)/.test(error.code ?? "")
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  return code?.startsWith("E") ? code : message
}

function unusable(url: string, error: unknown): PostgresUnfit {
  const address = readDatabaseUrl(url)
  // `pg` reports a missing password without a code.
  const isMissing = !address?.hasPassword && (error as { code?: string }).code === undefined
  const why = isMissing ? "it asks for a password, and the URL has none" : reasonOf(error)
  return new PostgresUnfit(`The ${address?.place} can't be used: ${why}. Check DATABASE_URL.`, {
    cause: error,
  })
}
