import { statSync } from "node:fs"
import { lchown, readdir } from "node:fs/promises"
import { dirname, join } from "node:path"

/** The account that PostgreSQL runs as; undefined: our own. */
export type Account = { uid: number; gid: number } | undefined

/** "nobody" on Linux. A uid needs no entry in /etc/passwd. */
const NOBODY = 65534

/**
 * Chooses the account for PostgreSQL, which refuses to run as root: the owner of an existing cluster, so that the owner
 * can still use it, or "nobody".
 */
export function chooseAccount(cluster: string): Account {
  if (process.getuid?.() !== 0) return undefined
  const owner = statSync(cluster, { throwIfNoEntry: false })
  return owner && owner.uid !== 0 ? { uid: owner.uid, gid: owner.gid } : { uid: NOBODY, gid: NOBODY }
}

/** Returns the first folder on the way to `path` that the account can't enter; undefined if it can reach `path`. */
export function firstClosedFolder(path: string, account: Account): string | undefined {
  if (!account) return undefined
  const parent = dirname(path)
  const closed = parent === path ? undefined : firstClosedFolder(parent, account)
  return closed ?? (canEnter(path, account) ? undefined : path)
}

function canEnter(folder: string, { uid, gid }: NonNullable<Account>): boolean {
  const { mode, uid: owner, gid: group } = statSync(folder)
  if (owner === uid) return (mode & 0o100) !== 0
  if (group === gid) return (mode & 0o010) !== 0
  return (mode & 0o001) !== 0
}

/** Changes the owner of a folder and everything in it to the account. */
export async function giveTree(folder: string, account: NonNullable<Account>): Promise<void> {
  const names = await readdir(folder, { recursive: true })
  for (const name of names) await lchown(join(folder, name), account.uid, account.gid)
  await lchown(folder, account.uid, account.gid)
}

/** Returns an environment for PostgreSQL without our PGDATA, PGPORT and LC_*, and without need of a system locale. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  const kept = ["PATH", "TMPDIR", "SystemRoot", "TEMP", "TMP"]
  const env: NodeJS.ProcessEnv = { LC_ALL: "C" }
  for (const name of kept) if (process.env[name] !== undefined) env[name] = process.env[name]
  return env
}
