import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { chmodSync, chownSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { chooseAccount } from "../../src/embedded/postgres/account.ts"
import { answers } from "../../tools/lib/postgres-process.ts"
import { freePort } from "../../tools/lib/redis-server.ts"
import { openFolder } from "../../tools/lib/stores.ts"
import { until } from "../../tools/lib/until.ts"
import { query } from "./programs.ts"

export const hasPgBouncer = spawnSync("pgbouncer", ["--version"]).status === 0

/** Fewer than a process opens, so that in transaction mode they are shared. */
const CONNECTIONS = { session: 60, transaction: 4 }

/** Starts the machine's PgBouncer in front of a database. It ends with `stack`. @returns the database's URL behind it */
export async function startPgBouncer(
  stack: AsyncDisposableStack,
  databaseUrl: string,
  mode: "session" | "transaction",
) {
  const folder = await openFolder(stack)
  const { hostname, port, username, password, pathname } = new URL(databaseUrl)
  const own = await freePort()
  const target = `host=${hostname} port=${port} user=${username}${password ? ` password=${password}` : ""}`
  const lines = [
    "[databases]",
    `${pathname.slice(1)} = ${target}`,
    "[pgbouncer]",
    "listen_addr = 127.0.0.1",
    `listen_port = ${own}`,
    "unix_socket_dir =",
    "auth_type = any",
    "admin_users = anybody",
    `pool_mode = ${mode}`,
    `default_pool_size = ${CONNECTIONS[mode]}`,
    "max_client_conn = 200",
  ]
  const file = join(folder, "pgbouncer.ini")
  writeFileSync(file, `${lines.join("\n")}\n`, { mode: 0o600 })
  // It refuses to be root's.
  const account = chooseAccount(folder)
  chmodSync(folder, 0o755)
  if (account) chownSync(file, account.uid, account.gid)
  const child = spawn("pgbouncer", ["--quiet", file], { ...account, stdio: "ignore" })
  stack.defer(async () => {
    child.kill("SIGKILL")
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit")
  })
  const url = `postgres://anybody@127.0.0.1:${own}${pathname}`
  await until("PgBouncer answers", () => answers(url))
  const console = (command: string) => query(`postgres://anybody@127.0.0.1:${own}/pgbouncer`, command)
  return { url, console }
}
