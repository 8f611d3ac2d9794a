import { statSync } from "node:fs"
import { lchown, readdir } from "node:fs/promises"
import { dirname, join } from "node:path"

/** Whom PostgreSQL runs as; undefined: as ourselves. */
export type Account = { uid: number; gid: number } | undefined

/** "nobody" on Linux. PostgreSQL refuses to run as root; a uid needs no entry in /etc/passwd. */
const NOBODY = 65534

/**
 * PostgreSQL refuses root, so root runs it as another account: the owner of an existing cluster, that its
 * owner can go on with it, or "nobody".
 */
export function chooseAccount(cluster: string): Account {
  if (process.getuid?.() !== 0) return undefined
  const owner = statSync(cluster, { throwIfNoEntry: false })
  return owner && owner.uid !== 0 ? { uid: owner.uid, gid: owner.gid } : { uid: NOBODY, gid: NOBODY }
}

/** The first folder above `path` that the account can't walk through, or undefined when it can reach it. */
export function firstClosedFolder(path: string, account: Account): string | undefined {
  if (!account) return undefined
  const folders: string[] = []
  for (let folder = path; ; folder = dirname(folder)) {
    folders.unshift(folder)
    if (folder === dirname(folder)) break
  }
  return folders.find((folder) => !canEnter(folder, account))
}

function canEnter(folder: string, { uid, gid }: NonNullable<Account>): boolean {
  const { mode, uid: owner, gid: group } = statSync(folder)
  if (owner === uid) return (mode & 0o100) !== 0
  if (group === gid) return (mode & 0o010) !== 0
  return (mode & 0o001) !== 0
}

/** Gives a folder and everything in it to the account. */
export async function giveTree(folder: string, account: NonNullable<Account>): Promise<void> {
  const names = await readdir(folder, { recursive: true })
  for (const name of names) await lchown(join(folder, name), account.uid, account.gid)
  await lchown(folder, account.uid, account.gid)
}

/** Nothing of our environment may steer PostgreSQL (PGDATA, PGPORT, LC_*), nor need a system locale. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  const kept = ["PATH", "TMPDIR", "SystemRoot", "TEMP", "TMP"]
  const env: NodeJS.ProcessEnv = { LC_ALL: "C" }
  for (const name of kept) if (process.env[name] !== undefined) env[name] = process.env[name]
  return env
}
