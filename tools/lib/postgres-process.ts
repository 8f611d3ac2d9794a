import { type ChildProcess, spawn } from "node:child_process"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import pg from "pg"
import { chooseAccount, cleanEnvironment } from "../../src/embedded/postgres/account.ts"
import { startEmbeddedPostgres } from "../../src/embedded/postgres/index.ts"
import { hasEnded } from "../../src/embedded/postgres/processes.ts"
import { SECOND } from "../../src/utils/time.ts"
import { until } from "./until.ts"

/** A PostgreSQL that may be stopped as a crash stops it. */
export type PostgresServer = Awaited<ReturnType<typeof openPostgres>>

const STOP_WITHIN_MS = 10 * SECOND

/** Each process holds up to 30 connections, and those of a killed one linger for a moment. */
const MAX_CONNECTIONS = "400"

/** Starts a PostgreSQL that ends with `stack`. */
export async function openPostgres(
  stack: AsyncDisposableStack,
  folder: string,
  settings: Record<string, string> = {},
) {
  const postgres = await startEmbeddedPostgres({
    dataDir: folder,
    settings: { max_connections: MAX_CONNECTIONS, ...settings },
  })
  stack.defer(() => postgres.stop())
  const home = join(folder, "postgres")
  const [program = "", ...args] = await readCommand(join(home, "cluster"))
  let pid = postgres.pid
  let restarted: ChildProcess | undefined
  const quit = async (signal: NodeJS.Signals) => {
    process.kill(pid, signal)
    if (!(await hasEnded(pid, STOP_WITHIN_MS))) throw new Error(`PostgreSQL still runs after ${signal}`)
  }
  const killAtExit = () => restarted?.kill("SIGQUIT")
  process.on("exit", killAtExit)
  stack.defer(async () => {
    if (restarted) await quit("SIGINT").catch(() => undefined)
    process.off("exit", killAtExit)
  })
  return {
    url: postgres.url,
    port: postgres.port,
    /** SIGQUIT to the postmaster: an immediate stop, without a checkpoint. */
    stopAtOnce: () => quit("SIGQUIT"),
    /** Starts it again on the same port and data; it recovers from its log first. */
    async start() {
      const account = chooseAccount(join(home, "cluster"))
      restarted = spawn(program, args, { ...account, cwd: home, env: cleanEnvironment(), stdio: "ignore" })
      pid = restarted.pid as number
      await until("PostgreSQL is back", () => answers(postgres.url))
    },
  }
}

/** What the postmaster was started with; it writes it down itself. */
async function readCommand(cluster: string): Promise<string[]> {
  const line = await readFile(join(cluster, "postmaster.opts"), "utf8")
  const [program = "", ...quoted] = line.trim().split(/ (?=")/)
  return [program, ...quoted.map((word) => word.slice(1, -1))]
}

/** Whether a PostgreSQL takes connections there. */
export async function answers(connectionString: string): Promise<boolean> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 2 * SECOND })
  client.on("error", () => undefined)
  try {
    await client.connect()
    return true
  } catch {
    return false
  } finally {
    // Where it never connected, the end is never told.
    void client.end().catch(() => undefined)
  }
}
