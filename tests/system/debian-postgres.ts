import { execFileSync, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { chooseAccount, cleanEnvironment } from "../../src/embedded/postgres/account.ts"
import { MINUTE } from "../../src/utils/time.ts"
import { answers } from "../../tools/lib/postgres-process.ts"
import { freePort } from "../../tools/lib/redis-server.ts"
import { until } from "../../tools/lib/until.ts"

const VERSIONS = "/usr/lib/postgresql"

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
  const how = ["-D", cluster, "-U", "app", "-A", "trust", "-E", "UTF8", "--no-locale"]
  execFileSync(join(programs, "initdb"), how, { ...options, stdio: "ignore" })
  const port = await freePort()
  const settings = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off"]
  const flags = ["-D", cluster, "-p", String(port), ...settings.flatMap((setting) => ["-c", setting])]
  const server = spawn(join(programs, "postgres"), flags, { ...options, stdio: "ignore" })
  stack.defer(async () => {
    server.kill("SIGINT")
    if (server.exitCode === null && server.signalCode === null) await once(server, "exit")
  })
  const url = `postgres://app@127.0.0.1:${port}/postgres`
  await until("PostgreSQL answers", () => answers(url), { timeoutMs: MINUTE })
  return url
}

/** Runs one of the programs. @throws with what it says */
export function run(programs: string, name: string, ...args: string[]): void {
  const { status, stderr } = spawnSync(join(programs, name), args, { encoding: "utf8" })
  if (status !== 0) throw new Error(`${name}: ${stderr}`)
}
