import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import pg from "pg"
import { takeBaseBackup } from "./base-backup.ts"
import { openPostgres, type PostgresServer } from "./postgres-process.ts"
import { type StoreProxy, startProxy } from "./store-proxy.ts"
import { until } from "./until.ts"

/** `synchronous`: a commit waits until the standby has it. */
export type Replication = "synchronous" | "asynchronous"

/** What a primary needs to have standbys. */
export const PRIMARY_SETTINGS = { wal_level: "replica", max_wal_senders: "5", wal_keep_size: "64MB" }

/** In the folder of its primary. */
export const STANDBY_FOLDER = "standby"

export type Standby = Awaited<ReturnType<typeof openStandby>>

interface Options {
  primary: Pick<PostgresServer, "url">
  /** The primary's. */
  folder: string
  replication: Replication
}

/** Starts a hot standby of `primary`, from a base backup, that ends with `stack`. Resolves when it has caught up. */
export async function openStandby(stack: AsyncDisposableStack, { primary, folder, replication }: Options) {
  const link: StoreProxy = await startProxy(primary.url)
  stack.defer(() => link.close())
  const own = join(folder, STANDBY_FOLDER)
  await takeBaseBackup(primary.url, folder, own)
  await writeFile(join(own, "postgres", "cluster", "standby.signal"), "")
  const { port, username, password } = new URL(link.url)
  const primary_conninfo = `host=127.0.0.1 port=${port} user=${username} password=${password}`
  const standby = await openPostgres(stack, own, { ...PRIMARY_SETTINGS, primary_conninfo })
  const wanted = replication === "synchronous" ? "sync" : "async"
  if (wanted === "sync") {
    await query(primary.url, "ALTER SYSTEM SET synchronous_standby_names = '*'")
    await query(primary.url, "SELECT pg_reload_conf()")
  }
  await until("the standby has caught up", async () => {
    const [row] = await query(primary.url, "SELECT state, sync_state FROM pg_stat_replication")
    return row?.state === "streaming" && row.sync_state === wanted
  })
  return {
    url: standby.url,
    port: standby.port,
    /** From here on nothing that is committed reaches it. */
    unplug: () => link.cut(),
    /** Makes it the primary. */
    promote: async () => void (await query(standby.url, "SELECT pg_promote()")),
  }
}

async function query(connectionString: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}
