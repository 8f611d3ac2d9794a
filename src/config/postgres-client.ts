import type { Socket } from "node:net"
import pg from "pg"
import { isShared, SETTINGS, type Session, settingsOf } from "./postgres-session.ts"
import { TIMING } from "./timing.ts"

/** The connection is broken, and so is every further statement on it. */
export class ConnectionLost extends Error {
  override name = "ConnectionLost"
  /** SQLSTATE `connection_failure`, because `pg` reports a broken connection without a code. */
  readonly code = "08006"

  constructor(message: string, cause?: unknown) {
    super(message, { cause })
  }
}

/** Chooses the host of a connection. */
interface Reach {
  find(): Promise<object>
  /** Makes the next `find` search again. */
  invalidate(): void
}

/** What the connections of one pool share. */
interface Shared {
  connectionString: string
  session: Session
  reach: Reach | null
  open: Set<CheckedClient>
}

/** Returns the class of connections with one URL and one kind of session. */
export function createClientClass(
  connectionString: string,
  session: Session,
  reach: Reach | null,
): typeof pg.Client {
  const shared: Shared = { connectionString, session, reach, open: new Set() }
  class Client extends CheckedClient {
    constructor(config?: string | pg.ClientConfig) {
      super(config, shared)
    }
  }
  return Client as unknown as typeof pg.Client
}

/** Sets up its session, notices a silent network, and names its errors. */
class CheckedClient extends pg.Client {
  private readonly shared: Shared
  private isLost = false
  private unanswered = 0

  constructor(config: string | pg.ClientConfig | undefined, shared: Shared) {
    const { connectTimeoutMs } = shared.session
    super({
      ...(typeof config === "string" ? {} : config),
      connectionString: shared.connectionString,
      keepAlive: true,
      keepAliveInitialDelayMillis: TIMING.postgres.keepAliveMs,
      ...(connectTimeoutMs === undefined ? {} : { connectionTimeoutMillis: connectTimeoutMs }),
    })
    this.shared = shared
    this.on("error", () => shared.reach?.invalidate())
    this.on("end", () => shared.open.delete(this))
    this.connection.on("errorMessage", ({ code }: { code?: string }) => {
      if (code !== READ_ONLY) return
      shared.reach?.invalidate()
      // Later, so that the query's error reaches its caller first.
      setImmediate(() => void this.end().catch(() => undefined))
    })
  }

  override connect(): Promise<this>
  override connect(callback: (err: Error) => void): void
  override connect(callback?: (err: Error) => void): Promise<this> | undefined {
    const connected = this.open()
    if (!callback) return connected
    connected.then(() => callback(null as unknown as Error), callback)
    return undefined
  }

  /** All forms of `pg`'s: they end in a callback or return a promise. */
  override query(...given: unknown[]): never {
    if (this.shared.session.pooler === "transaction") forgetName(given)
    const args = given as [pg.QueryConfig]
    const callback = given.at(-1)
    this.unanswered++
    if (typeof callback === "function") {
      given[given.length - 1] = (error: unknown, result: unknown) => {
        this.unanswered--
        callback(error && this.named(error), result)
      }
      return super.query(...args) as never
    }
    const answer = super.query(...args).catch((error: unknown) => {
      throw this.named(error)
    })
    return answer.finally(() => this.unanswered--) as never
  }

  override end(): Promise<void>
  override end(callback: (err: Error) => void): void
  override end(callback?: (err: Error) => void): Promise<void> | undefined {
    this.isLost = true
    return callback ? (super.end(callback) as undefined) : super.end()
  }

  /** Names errors, which pools pass on as the error of the statement in flight. */
  override emit(event: string | symbol, ...args: unknown[]): boolean {
    if (event !== "error") return super.emit(event as "end", ...(args as []))
    this.isLost = true
    return super.emit("error", this.named(args[0]) as Error)
  }

  private async open(): Promise<this> {
    const { reach, open, session } = this.shared
    if (reach) Object.assign(this, await reach.find())
    try {
      await super.connect()
      open.add(this)
      this.watch()
      if (!isShared(session)) await this.query(SETTINGS, [JSON.stringify(settingsOf(session))])
      return this
    } catch (error) {
      reach?.invalidate()
      const named = this.named(error)
      // Pools drop the client without closing its socket.
      if (open.has(this)) void this.end().catch(() => undefined)
      throw named
    }
  }

  /**
   * Breaks the connection off when a statement isn't answered in time. A network may drop a connection silently. The
   * kernel then takes minutes to notice, and never does behind a proxy.
   */
  private watch(): void {
    const stream = this.socket()
    stream.setTimeout(this.silenceMs()).on("timeout", () => {
      const { bytesRead } = stream
      // After a blocked event loop the answer may be there and unread. It is read before the second turn.
      setImmediate(() => setImmediate(() => stream.bytesRead === bytesRead && this.giveUp()))
    })
  }

  private giveUp(): void {
    if (this.unanswered === 0 || this.isLost) return
    this.isLost = true
    this.shared.open.delete(this)
    this.socket().destroy(new ConnectionLost("The database connection stopped responding."))
    for (const other of this.shared.open) other.probe()
  }

  /** What broke one connection has probably broken the others, and one that listens would never notice. */
  private probe(): void {
    if (this.unanswered > 0 || this.isLost) return
    this.socket().setTimeout(TIMING.postgres.checkTimeoutMs)
    const probed: Promise<unknown> = this.query("SELECT 1")
    probed.then(
      () => this.socket().setTimeout(this.silenceMs()),
      () => undefined,
    )
  }

  /** Without a time-out for statements there is none for answers; 0 is Node's word for it. */
  private silenceMs(): number {
    const { statementTimeoutMs } = this.shared.session
    return statementTimeoutMs === undefined ? 0 : statementTimeoutMs + TIMING.postgres.answerMs
  }

  /** With TLS the socket is another one than before. */
  private socket(): Socket {
    return this.connection.stream as Socket
  }

  private named(error: unknown): unknown {
    const { code, message } = error as { code?: unknown; message?: string }
    const isBroken = this.isLost || this.connection.stream.destroyed
    return code === undefined && isBroken ? new ConnectionLost(message ?? "connection lost", error) : error
  }
}

/** What is prepared by name stays with the connection, and the next statement may get another one. */
function forgetName(given: unknown[]): void {
  const [query] = given as [Partial<pg.QueryConfig> | string]
  if (typeof query === "object" && query.name !== undefined) given[0] = { ...query, name: undefined }
}

/** `read_only_sql_transaction`: this server is a standby, or has become one. */
const READ_ONLY = "25006"
