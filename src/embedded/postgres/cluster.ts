import { randomBytes } from "node:crypto"
import { lstatSync, statSync } from "node:fs"
import {
  chmod,
  chown,
  mkdir,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  rmdir,
  symlink,
  writeFile,
} from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import { TIMING } from "../../config/timing.ts"
import { type Account, firstClosedFolder, giveTree } from "./account.ts"
import type { Binaries } from "./binaries.ts"
import { ClusterUnusable, FilesUnreachable } from "./errors.ts"
import { runInitdb } from "./initdb.ts"
import { isAlive } from "./processes.ts"

/** A database cluster with its log and password, all inside `home`. */
export type Site = { home: string; cluster: string; log: string; password: string; account: Account }

export type OpenCluster = {
  dataDir: string
  binaries: Binaries
  account: Account
  /** Where the files go if the account can't enter `dataDir`. */
  outsideDir: string
  onProgress: (line: string) => void
  signal?: AbortSignal | undefined
}

const STAGING = /\.new-(\d+)-[0-9a-f]+$/

/**
 * Opens `<dataDir>/postgres`, or creates it in a staging folder that is renamed at the end. A folder with the final
 * name is therefore complete, and is never deleted.
 * @throws {ClusterUnusable | FilesUnreachable | StartFailed | DiskFull}
 */
export async function openCluster(options: OpenCluster): Promise<Site> {
  const home = join(options.dataDir, "postgres")
  if (!(await isThere(home))) await createCluster(home, options)
  const real = await realpath(home)
  const cluster = join(real, "cluster")
  await checkVersion(cluster, options.binaries.major)
  await checkAccess(cluster, options.account)
  const password = await readPassword(join(real, "password"))
  return { home: real, cluster, log: join(real, "log"), password, account: options.account }
}

async function isThere(home: string): Promise<boolean> {
  if (!lstatSync(home, { throwIfNoEntry: false })) return false
  if (statSync(join(home, "cluster", "PG_VERSION"), { throwIfNoEntry: false })) return true
  const names = await readdir(home).catch(() => undefined)
  if (names?.length === 0) return false
  throw new ClusterUnusable(
    `${home} isn't a complete PostgreSQL cluster. Move it away to start with an empty one.`,
  )
}

async function createCluster(home: string, options: OpenCluster): Promise<void> {
  const closed = firstClosedFolder(options.dataDir, options.account)
  if (!closed) return build(home, home, options)
  const outside = join(options.outsideDir, `postgres-${randomBytes(6).toString("hex")}`)
  options.onProgress(`PostgreSQL's account can't enter ${closed}, so its files go to ${outside}.`)
  await rmdir(home).catch(() => {}) // an empty folder, or none
  return build(outside, home, options)
}

async function build(target: string, home: string, options: OpenCluster): Promise<void> {
  await sweepStaging(dirname(target))
  const staging = `${target}.new-${process.pid}-${randomBytes(4).toString("hex")}`
  try {
    await makeStaging(staging, options.account)
    const passwordFile = join(staging, "password")
    await runInitdb({ ...options, cluster: join(staging, "cluster"), passwordFile })
    if (options.account) await chown(passwordFile, 0, 0)
    await publish(staging, target, home)
  } finally {
    await rm(staging, { recursive: true, force: true, maxRetries: 3 })
  }
}

async function makeStaging(staging: string, account: Account): Promise<void> {
  const cluster = join(staging, "cluster")
  const password = join(staging, "password")
  await mkdir(cluster, { recursive: true, mode: 0o700 })
  await chmod(staging, account ? 0o711 : 0o700)
  await writeFile(password, randomBytes(24).toString("base64url"), { mode: 0o600, flush: true })
  if (!account) return
  await chmod(dirname(staging), (statSync(dirname(staging)).mode & 0o7777) | 0o011)
  await chown(cluster, account.uid, account.gid)
  await chown(password, account.uid, account.gid)
}

/** Renames the staging folder. If a concurrent start was faster, its cluster is used and ours is dropped. */
async function publish(staging: string, target: string, home: string): Promise<void> {
  try {
    await rename(staging, target)
    if (target !== home) await symlink(target, home)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? ""
    if (!["ENOTEMPTY", "EEXIST", "EPERM"].includes(code) || !(await isThere(home))) throw error
    if (target !== home) await rm(target, { recursive: true, force: true })
  }
}

/** Removes what a killed initdb left behind. */
async function sweepStaging(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const pid = Number(STAGING.exec(name)?.[1] ?? 0)
    const path = join(folder, name)
    if (!pid || !basename(name).startsWith("postgres") || isFresh(path, pid)) continue
    await rm(path, { recursive: true, force: true, maxRetries: 3 }).catch(() => {}) // the next start retries
  }
}

function isFresh(path: string, pid: number): boolean {
  const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0)
  return isAlive(pid) && age < TIMING.embedded.abandonedMs
}

async function checkVersion(cluster: string, major: number): Promise<void> {
  const version = (await readOwn(join(cluster, "PG_VERSION"))).trim()
  if (Number(version) === major) return
  throw new ClusterUnusable(
    `${cluster} was created by PostgreSQL ${version}, but this is version ${major}. Move the data with pg_dump and ` +
      "pg_restore, or set DATA_DIR to another folder.",
  )
}

async function checkAccess(cluster: string, account: Account): Promise<void> {
  if (!account) return
  const closed = firstClosedFolder(dirname(cluster), account)
  if (closed)
    throw new FilesUnreachable(`Uid ${account.uid} can't enter ${closed}. Run \`chmod o+x ${closed}\`.`)
  if (statSync(cluster).uid === 0) await giveTree(cluster, account) // restored or copied by root
}

async function readPassword(file: string): Promise<string> {
  const password = (await readOwn(file)).trim()
  if (!password) throw new ClusterUnusable(`${file} is empty. It must contain PostgreSQL's password.`)
  return password
}

async function readOwn(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8")
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === "ENOENT") throw new ClusterUnusable(`${file} is missing.`, error)
    throw new FilesUnreachable(`${file} can't be read (${code}). It belongs to another account.`, error)
  }
}
