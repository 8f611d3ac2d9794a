import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync } from "node:fs"
import { join } from "node:path"
import pg from "pg"
import { chooseAccount, cleanEnvironment } from "../../src/embedded/postgres/account.ts"
import { freePort } from "../../tools/lib/redis-server.ts"

const VERSIONS = "/usr/lib/postgresql"
const POLL_MS = 50

/** Where Debian's PostgreSQL keeps the programs of a version, server included; null: this machine has none. */
export function findPrograms(): string | null {
  const versions = existsSync(VERSIONS) ? readdirSync(VERSIONS) : []
  const folders = versions
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => join(VERSIONS, version, "bin"))
  const complete = (folder: string) =>
    ["postgres", "initdb", "pg_dump", "pg_restore"].every((name) => existsSync(join(folder, name)))
  return folders.find(complete) ?? null
}

/** Starts a new, empty PostgreSQL of these programs, which ends with `stack`. @returns its URL */
export async function startPostgresOf(
  stack: AsyncDisposableStack,
  programs: string,
  folder: string,
): Promise<string> {
  const cluster = join(folder, "debian")
  mkdirSync(cluster, { mode: 0o700 })
  chmodSync(folder, 0o755)
  const account = chooseAccount(cluster)
  if (account) chownSync(cluster, account.uid, account.gid)
  const options = { ...account, env: cleanEnvironment(), cwd: "/" }
  execFileSync(
    join(programs, "initdb"),
    ["-D", cluster, "-U", "app", "-A", "trust", "-E", "UTF8", "--no-locale"],
    { ...options, stdio: "ignore" },
  )
  const port = await freePort()
  const flags = [
    "-D",
    cluster,
    "-p",
    String(port),
    "-c",
    "listen_addresses=127.0.0.1",
    "-k",
    "",
    "-c",
    "fsync=off",
  ]
  const server = spawn(join(programs, "postgres"), flags, { ...options, stdio: "ignore" })
  stack.defer(() => stop(server))
  const url = `postgres://app@127.0.0.1:${port}/postgres`
  await untilAnswers(url)
  return url
}

/** Runs one of the programs. @throws with what it says */
export function run(programs: string, name: string, ...args: string[]): void {
  const { status, stderr } = spawnSync(join(programs, name), args, { encoding: "utf8" })
  if (status !== 0) throw new Error(`${name}: ${stderr}`)
}

async function stop(server: ChildProcess): Promise<void> {
  server.kill("SIGINT")
  if (server.exitCode === null && server.signalCode === null) await once(server, "exit")
}

async function untilAnswers(connectionString: string): Promise<void> {
  for (;;) {
    const client = new pg.Client({ connectionString })
    client.on("error", () => undefined)
    const isUp = await client.connect().then(
      () => true,
      () => false,
    )
    void client.end().catch(() => undefined)
    if (isUp) return
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}
