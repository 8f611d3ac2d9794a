import { chmodSync, existsSync, mkdirSync, statSync } from "node:fs"
import { join, resolve } from "node:path"
import { TIMING } from "../../config/timing.ts"
import { type Account, chooseAccount } from "./account.ts"
import { prepareBinaries } from "./binaries.ts"
import { openCluster } from "./cluster.ts"
import { ensureAppDatabase, urlOf } from "./connection.ts"
import { throwIfDiskFull } from "./disk.ts"
import { DataDirInUse, DataLost, FilesUnreachable, StartFailed } from "./errors.ts"
import { lockInstance } from "./instance-lock.ts"
import { keepLogBounded } from "./log-file.ts"
import { type Acquire, acquirePostmaster, type Postmaster, stopPostmaster } from "./postmaster.ts"
import { isAlive } from "./processes.ts"

export * from "./errors.ts"

export type StartEmbeddedPostgres = {
  dataDir: string
  /** Called with lines for people, only if something takes long or is unexpected. */
  onProgress?: (line: string) => void
  /** Called when PostgreSQL has been started, and there is nothing to do but wait until it is ready. */
  onSpawn?: (() => void) | undefined
  /** Cancels the start; has no effect later. */
  signal?: AbortSignal
  /** Called when the data folder is removed or PostgreSQL ends, other than by `stop`. */
  onLost?: (error: DataLost) => void
  /** PostgreSQL settings that override our defaults, such as `{ fsync: "off" }` in tests. */
  settings?: Record<string, string>
}

export type EmbeddedPostgres = {
  /** Connects to the database `app` as superuser. */
  url: string
  port: number
  pid: number
  /** Whether it was already running, left by a killed instance. */
  adopted: boolean
  /** Stops PostgreSQL with all its processes. Safe to call twice. */
  stop(): Promise<void>
}

/** Used by root if PostgreSQL's account can't enter the checkout or the data folder. */
const OUTSIDE_DIR = "/var/lib/gemini-chat-backend"
const MAX_ROUNDS = 5

/**
 * Runs PostgreSQL on `<dataDir>/postgres`: creates the cluster (a few seconds), starts it (0.1 s), or adopts the server
 * of a killed instance. Only one instance may use a data folder at a time.
 * @throws {BinariesMissing | FilesUnreachable | DataDirInUse | ClusterUnusable | StartFailed | DiskFull}
 */
export async function startEmbeddedPostgres(options: StartEmbeddedPostgres): Promise<EmbeddedPostgres> {
  const dataDir = resolve(options.dataDir)
  try {
    return await start(dataDir, options)
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException
    if (!syscall) throw error
    await throwIfDiskFull(dataDir, error)
    throw new FilesUnreachable(
      `PostgreSQL's files in ${dataDir} can't be used (${code} from ${syscall}).`,
      error,
    )
  }
}

async function start(dataDir: string, options: StartEmbeddedPostgres): Promise<EmbeddedPostgres> {
  const { signal, settings = {}, onProgress = () => {}, onSpawn } = options
  signal?.throwIfAborted()
  const account = chooseAccount(join(dataDir, "postgres", "cluster"))
  prepareFolder(dataDir, account)
  const outsideDir = account ? OUTSIDE_DIR : dataDir
  const binaries = await prepareBinaries(account, outsideDir)
  const site = await openCluster({ dataDir, binaries, account, outsideDir, onProgress, signal })
  const acquire = { site, binaries, settings, onProgress, onSpawn, signal }
  const postmaster = await acquireAlone(acquire, dataDir)
  return handle(postmaster, acquire, watchData(dataDir, site.cluster, postmaster.pid, options.onLost))
}

/** Lets another account enter the data folder, but not list it. */
function prepareFolder(dataDir: string, account: Account): void {
  mkdirSync(dataDir, { recursive: true })
  const mode = statSync(dataDir).mode & 0o7777
  if (account && (mode & 0o011) !== 0o011) chmodSync(dataDir, mode | 0o011)
}

async function acquireAlone(acquire: Acquire, dataDir: string): Promise<Postmaster> {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const postmaster = await acquirePostmaster(acquire)
    const result = await claim(postmaster, acquire)
    if (result?.held) return postmaster
    if (result) throw new DataDirInUse(dataDir, result.holderPid)
  }
  throw new StartFailed("Other instances kept stopping PostgreSQL.", "")
}

/** @returns undefined if the previous instance stopped the server meanwhile */
async function claim(postmaster: Postmaster, { site, binaries, signal }: Acquire) {
  const { client } = postmaster
  try {
    const result = await lockInstance(client, signal)
    if (result.held) await ensureAppDatabase(client)
    else await client.end()
    return result
  } catch (error) {
    client.end().catch(() => {})
    if (!signal?.aborted && isConnectionLoss(error)) return undefined
    if (!postmaster.adopted) await stopPostmaster(postmaster.pid, site, binaries)
    throw error
  }
}

/** Errors without a severity don't come from the server; 57P01 announces its shutdown. */
function isConnectionLoss(error: unknown): boolean {
  const { code, severity } = error as { code?: string; severity?: string }
  return severity === undefined || code === "57P01"
}

/** @returns a function that ends the watch */
function watchData(
  dataDir: string,
  cluster: string,
  pid: number,
  onLost: (error: DataLost) => void = () => {},
) {
  const timer = setInterval(() => {
    // PostgreSQL writes into files that it has open long after they were removed.
    const isRemoved = !existsSync(dataDir) || !existsSync(join(cluster, "PG_VERSION"))
    if (!isRemoved && isAlive(pid)) return
    clearInterval(timer)
    onLost(new DataLost(dataDir, isRemoved))
  }, TIMING.embedded.dataCheckMs)
  timer.unref()
  return () => clearInterval(timer)
}

function handle(postmaster: Postmaster, { site, binaries }: Acquire, endWatch: () => void): EmbeddedPostgres {
  const { pid, port, adopted, client } = postmaster
  const release = keepLogBounded(site.log)
  const atExit = () => signalAtExit(pid)
  process.on("exit", atExit)
  let stopping: Promise<void> | undefined
  // Holds the lock until the server is down, so that the next instance doesn't adopt a server that is shutting down.
  const stop = async () => {
    endWatch()
    await stopPostmaster(pid, site, binaries)
    process.off("exit", atExit)
    release()
    client.end().catch(() => {})
  }
  return {
    url: urlOf({ port, password: site.password }),
    port,
    pid,
    adopted,
    stop: () => (stopping ??= stop()),
  }
}

/** Stops PostgreSQL if the process exits without calling `stop`. */
function signalAtExit(pid: number): void {
  if (process.platform === "win32") return // Windows would kill it
  try {
    process.kill(pid, "SIGINT")
  } catch {}
}
