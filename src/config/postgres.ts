import pg from "pg"
import { type DatabaseHost, readDatabaseUrl } from "./database-url.ts"
import { TIMING } from "./timing.ts"

/** What every connection to PostgreSQL is made from; a part of `pg`'s options. */
export interface PostgresOptions {
  connectionString: string
  Client: typeof pg.Client
}

/** None of the hosts in `DATABASE_URL` takes writes. */
export class NoPrimary extends Error {
  /** PostgreSQL's own `cannot_connect_now`: not now, perhaps soon. */
  readonly code = "57P03"

  constructor(hosts: DatabaseHost[], reasons: unknown[]) {
    const each = hosts.map(({ host, port }, i) => `${host}:${port} (${reasonOf(reasons[i])})`)
    super(`No PostgreSQL takes writes: ${each.join(", ")}`, { cause: reasons[0] })
    this.name = "NoPrimary"
  }
}

/** `read_only_sql_transaction`: this server is a standby, or has become one. */
const READ_ONLY = "25006"

/**
 * Options whose connections go to the host that takes writes: where `url` names several, each connection is made to
 * the primary, and after a failover to the new one. A connection that turns out to be read-only ends itself, so that
 * pools open another: behind a name that moves this finds the new primary, too.
 */
export function postgresOptions(url: string): PostgresOptions {
  const address = readDatabaseUrl(url)
  // The configuration has seen to it that the URL can be read.
  if (!address) throw new Error("DATABASE_URL can't be read")
  const primary = address.hosts.length > 1 ? createFinder(address.url, address.hosts) : null
  return { connectionString: address.url, Client: clientOf(primary) }
}

interface Finder {
  find(): Promise<DatabaseHost>
  /** What was found may not be true any more. */
  invalidate(): void
}

function clientOf(primary: Finder | null): typeof pg.Client {
  class WritingClient extends pg.Client {
    constructor(config?: string | pg.ClientConfig) {
      super(config)
      this.on("error", () => primary?.invalidate())
      this.connection.on("errorMessage", ({ code }: { code?: string }) => {
        if (code !== READ_ONLY) return
        primary?.invalidate()
        // After whoever asked has got its answer.
        setImmediate(() => void this.end().catch(() => undefined))
      })
    }

    override connect(): Promise<this>
    override connect(callback: (err: Error) => void): void
    override connect(callback?: (err: Error) => void): Promise<this> | undefined {
      const connected = this.connectToPrimary()
      if (!callback) return connected
      connected.then(() => callback(null as unknown as Error), callback)
      return undefined
    }

    private async connectToPrimary(): Promise<this> {
      if (primary) Object.assign(this, await primary.find())
      try {
        await super.connect()
        return this
      } catch (error) {
        primary?.invalidate()
        throw error
      }
    }
  }
  return WritingClient as unknown as typeof pg.Client
}

/** Many ask at once, after every failover: one looks for all. */
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

/** Classes 28 and 3D: a wrong password, no such database. No other host mends that. */
function isFinal(error: unknown): boolean {
  return /^(?:28|3D)/.test((error as { code?: string }).code ?? "")
}

async function requirePrimary(connectionString: string, host: DatabaseHost): Promise<DatabaseHost> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: TIMING.postgres.probeTimeoutMs })
  Object.assign(client, host)
  // A connection that breaks while it is closed says so by an event, which would end the process.
  client.on("error", () => undefined)
  try {
    await client.connect()
    const { rows } = await client.query<{ transaction_read_only: string }>("SHOW transaction_read_only")
    if (rows[0]?.transaction_read_only !== "off") throw new Error("read-only")
    return host
  } finally {
    // Not waited for: the end of a connection that never was doesn't come.
    void client.end().catch(() => undefined)
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string }
  return code ?? message ?? "unknown"
}
