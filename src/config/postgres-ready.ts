import { setTimeout } from "node:timers/promises"
import { SECOND } from "../utils/time.ts"
import { readDatabaseUrl } from "./database-url.ts"
import { postgresOptions, showSetting } from "./postgres.ts"
import { TIMING } from "./timing.ts"

/** PostgreSQL is too old or didn't become ready in time. The message is for the operator. */
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
}

/**
 * Waits until PostgreSQL at `url` accepts connections, and checks its version. Waits while it starts, recovers or can't
 * be reached; a wrong password or name is an error at once.
 * @throws {PostgresUnfit} if it is too old or not ready in time; otherwise the database's own error
 */
export async function waitForPostgres(
  url: string,
  { onWait, signal, timeoutMs = TIMING.postgres.readyTimeoutMs }: WaitForPostgres,
): Promise<void> {
  const deadline = performance.now() + timeoutMs
  for (let attempts = 0; ; attempts++) {
    const version = await readVersion(url).catch(requireTransient)
    if (typeof version === "number") return requireMajor(version)
    signal.throwIfAborted()
    if (performance.now() > deadline) {
      throw new PostgresUnfit(
        `PostgreSQL at ${hostsOf(url)} isn't ready after ${timeoutMs / SECOND} s: ${version.why}. Check DATABASE_URL.`,
        { cause: version.error },
      )
    }
    if (attempts === 0) onWait(version.why)
    // Unlike `pause`, this timer keeps the process alive; nothing else does yet.
    await setTimeout(TIMING.postgres.readyPollMs, undefined, { signal }).catch(() => signal.throwIfAborted())
  }
}

/** `server_version_num`: 180004 is 18.4. */
async function readVersion(url: string): Promise<number> {
  const { Client, ...options } = postgresOptions(url)
  const client = new Client({ ...options, connectionTimeoutMillis: TIMING.postgres.connectTimeoutMs })
  return Number(await showSetting(client, "server_version_num"))
}

function requireMajor(version: number): void {
  const major = Math.floor(version / 10_000)
  if (major >= MIN_MAJOR) return
  throw new PostgresUnfit(
    `PostgreSQL ${major}.${version % 10_000} at DATABASE_URL is too old. Version ${MIN_MAJOR} or later is required.`,
  )
}

/**
 * Transient SQLSTATEs (https://www.postgresql.org/docs/current/errcodes-appendix.html): `cannot_connect_now` (starting,
 * recovering, stopping), `admin_shutdown`, `crash_shutdown`, `too_many_connections`. Also Node's errors for a server or
 * network that isn't available yet. An unknown host name (ENOTFOUND) is treated as a wrong one.
 */
const TRANSIENT =
  /^(?:57P0[123]|53300|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN|ENOENT)$/

/** These errors of `pg` have no code. */
const TRANSIENT_MESSAGE = /^(?:timeout expired|Connection terminated)/

/** @throws errors that waiting doesn't fix */
function requireTransient(error: unknown): { why: string; error: unknown } {
  const { code, message } = error as { code?: string; message: string }
  if (!TRANSIENT.test(code ?? "") && !TRANSIENT_MESSAGE.test(message)) throw error
  return { why: code?.startsWith("E") ? code : message, error }
}

/** Describes the URL without its secrets. */
function hostsOf(url: string): string {
  const hosts = readDatabaseUrl(url)?.hosts.map(({ host, port }) => `${host}:${port}`) ?? []
  return hosts.join(", ") || "the socket in DATABASE_URL"
}
