import { cp, writeFile } from "node:fs/promises"
import { join, relative } from "node:path"
import pg from "pg"

/** What a base backup leaves out: https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-LOWLEVEL-BASE-BACKUP-DATA */
const LEFT_OUT =
  /^(?:postmaster\.(?:pid|opts)|pg_(?:replslot|dynshmem|notify|serial|snapshots|stat_tmp|subtrans)\/.+)$/

/**
 * Copies the data folder of a running embedded PostgreSQL with PostgreSQL's own backup functions: what
 * `pg_basebackup` does, which isn't among the embedded programs. The server must keep its log (`wal_level`).
 */
export async function takeBaseBackup(url: string, from: string, to: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query("SELECT pg_backup_start('copy', true)")
    const [cluster, copy] = [join(from, "postgres", "cluster"), join(to, "postgres", "cluster")]
    const filter = (file: string) => !LEFT_OUT.test(relative(cluster, file))
    await cp(join(from, "postgres"), join(to, "postgres"), { recursive: true, filter })
    const { rows } = await client.query("SELECT labelfile FROM pg_backup_stop(false)")
    await writeFile(join(copy, "backup_label"), rows[0].labelfile)
    // The log that was written until the end is needed to make the copy whole.
    await cp(join(cluster, "pg_wal"), join(copy, "pg_wal"), { recursive: true })
  } finally {
    await client.end()
  }
}
