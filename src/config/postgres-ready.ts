import { setTimeout } from "node:timers/promises"
import { SECOND } from "../utils/time.ts"
import { readDatabaseUrl } from "./database-url.ts"
import { postgresOptions } from "./postgres.ts"
import { TIMING } from "./timing.ts"

/** A PostgreSQL that can't be worked with, or that didn't come in time; the message is for the operator. */
export class PostgresUnfit extends Error {
  readonly code = "POSTGRES_UNFIT"
}

/** The oldest that its makers still mended when this was written: https://www.postgresql.org/support/versioning/ */
const MIN_MAJOR = 14

export interface WaitForPostgres {
  /** Called once, with why, when the database isn't ready at the first try. */
  onWait(why: string): void
  /** Nobody waits any more. */
  signal: AbortSignal
  timeoutMs?: number
}

/**
 * Resolves when the PostgreSQL at `url` takes connections, and is one that this program can use. One that starts,
 * recovers or can't be reached is waited for, half a minute; a wrong password or name is an error at once.
 * @throws {PostgresUnfit} too old, or not ready in time; and the database's own error
 */
export async function waitForPostgres(
  url: string,
  { onWait, signal, timeoutMs = TIMING.postgres.readyTimeoutMs }: WaitForPostgres,
): Promise<void> {
  const deadline = performance.now() + timeoutMs
  for (let tries = 0; ; tries++) {
    const version = await readVersion(url).catch((error: unknown) => notYet(error))
    if (typeof version === "number") return requireMajor(version)
    signal.throwIfAborted()
    if (performance.now() > deadline) {
      throw new PostgresUnfit(
        `PostgreSQL at ${placeOf(url)} isn't ready after ${timeoutMs / SECOND} s: ${version.why}. Is DATABASE_URL right?`,
        { cause: version.error },
      )
    }
    if (tries === 0) onWait(version.why)
    // A timer that keeps the process alive: at this point nothing else does.
    await setTimeout(TIMING.postgres.readyPollMs, undefined, { signal }).catch(() => signal.throwIfAborted())
  }
}

/** `server_version_num`: 180004 is 18.4. */
async function readVersion(url: string): Promise<number> {
  const { Client, ...options } = postgresOptions(url)
  const client = new Client({ ...options, connectionTimeoutMillis: TIMING.postgres.connectTimeoutMs })
  // A connection that breaks while it is closed says so by an event, which would end the process.
  client.on("error", () => undefined)
  try {
    await client.connect()
    const { rows } = await client.query<{ server_version_num: string }>("SHOW server_version_num")
    return Number(rows[0]?.server_version_num)
  } finally {
    // Not waited for: the end of a connection that never was doesn't come.
    void client.end().catch(() => undefined)
  }
}

function requireMajor(version: number): void {
  const major = Math.floor(version / 10_000)
  if (major >= MIN_MAJOR) return
  throw new PostgresUnfit(
    `PostgreSQL ${major}.${version % 10_000} at DATABASE_URL is too old; ${MIN_MAJOR} or later is needed.`,
  )
}

/**
 * SQLSTATEs that pass: `cannot_connect_now` (starting, recovering, stopping), `admin_shutdown`, `crash_shutdown`,
 * `too_many_connections` (https://www.postgresql.org/docs/current/errcodes-appendix.html); and Node's for a server
 * or a network that isn't there yet. A name that isn't known (ENOTFOUND) is a wrong one.
 */
const PASSING =
  /^(?:57P0[123]|53300|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN|ENOENT)$/

/** pg gives these no code. */
const CUT_OFF = /^(?:timeout expired|Connection terminated)/

/** @throws what won't pass by waiting */
function notYet(error: unknown): { why: string; error: unknown } {
  const { code, message } = error as { code?: string; message: string }
  if (!PASSING.test(code ?? "") && !CUT_OFF.test(message)) throw error
  return { why: code?.startsWith("E") ? code : message, error }
}

/** Without what is secret in it. */
function placeOf(url: string): string {
  const hosts = readDatabaseUrl(url)?.hosts.map(({ host, port }) => `${host}:${port}`) ?? []
  return hosts.join(", ") || "the socket in DATABASE_URL"
}
