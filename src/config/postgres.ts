import pg from "pg"
import { type DatabaseHost, readDatabaseUrl } from "./database-url.ts"
import { createClientClass } from "./postgres-client.ts"
import type { Session } from "./postgres-session.ts"
import { TIMING } from "./timing.ts"

/** The `pg` options for every connection to PostgreSQL. */
export interface PostgresOptions {
  connectionString: string
  Client: typeof pg.Client
}

/** No host in `DATABASE_URL` accepts writes. */
export class NoPrimary extends Error {
  /** PostgreSQL's `cannot_connect_now`, which is retried. */
  readonly code = "57P03"

  constructor(hosts: DatabaseHost[], reasons: unknown[]) {
    const each = hosts.map(({ host, port }, i) => `${host}:${port} (${reasonOf(reasons[i])})`)
    super(`No PostgreSQL server accepts writes: ${each.join(", ")}`, { cause: reasons[0] })
    this.name = "NoPrimary"
  }
}

/**
 * Returns options whose connections have the settings of `session`, or rely on those of their role where a pooler shares
 * them, and go to the current primary if `url` names several
 * hosts, also after a failover. A connection that turns out to be read-only closes itself, so that pools open another.
 * This also follows a primary behind a host name that moves.
 */
export function postgresOptions(url: string, session: Session = {}): PostgresOptions {
  const address = readDatabaseUrl(url)
  // Unreachable: the configuration was validated.
  if (!address) throw new Error("DATABASE_URL is invalid")
  const primary = address.hosts.length > 1 ? createFinder(address.url, address.hosts) : null
  return { connectionString: address.url, Client: createClientClass(address.url, session, primary) }
}

interface Finder {
  find(): Promise<DatabaseHost>
  /** Makes the next `find` search again. */
  invalidate(): void
}

/** After a failover many connections are opened at once, so they share one search. */
function createFinder(connectionString: string, hosts: DatabaseHost[]): Finder {
  let found: Promise<DatabaseHost> | null = null
  return {
    find() {
      found ??= search(connectionString, hosts).catch((error: unknown) => {
        found = null
        throw error
      })
      return found
    },
    invalidate() {
      found = null
    },
  }
}

/** @throws {NoPrimary} */
async function search(connectionString: string, hosts: DatabaseHost[]): Promise<DatabaseHost> {
  try {
    return await Promise.any(hosts.map((host) => requirePrimary(connectionString, host)))
  } catch (error) {
    const { errors } = error as AggregateError
    throw errors.find(isFinal) ?? new NoPrimary(hosts, errors)
  }
}

/** SQLSTATE classes 28 and 3D, a wrong password or database name, are the same on every host. */
function isFinal(error: unknown): boolean {
  return /^(?:28|3D)/.test((error as { code?: string }).code ?? "")
}

async function requirePrimary(connectionString: string, host: DatabaseHost): Promise<DatabaseHost> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: TIMING.postgres.probeTimeoutMs })
  Object.assign(client, host)
  const row = await queryOnce<{ transaction_read_only: string }>(client, "SHOW transaction_read_only")
  if (row?.transaction_read_only !== "off") throw new Error("read-only")
  return host
}

/** Connects `client`, runs one query, disconnects and returns the first row. */
export async function queryOnce<R extends pg.QueryResultRow>(
  client: pg.Client,
  text: string,
  values?: string[],
): Promise<R | undefined> {
  // Without a listener, a connection that breaks while closing would end the process.
  client.on("error", () => undefined)
  try {
    await client.connect()
    return (await client.query<R>(text, values)).rows[0]
  } finally {
    // Not awaited: for a connection that was never made, `end` doesn't resolve.
    void client.end().catch(() => undefined)
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string }
  return code ?? message ?? "unknown"
}
