import { existsSync, realpathSync } from "node:fs"
import { readFile, rm, stat } from "node:fs/promises"
import { basename, join } from "node:path"
import { TIMING } from "../../config/timing.ts"
import { commandOf, hasEntry, isAlive } from "./processes.ts"

/** What postmaster.pid says, when it is true: the process lives and is the postmaster of this cluster. */
export type RunningPostmaster = { pid: number; port: number | undefined }

/**
 * The live postmaster of a cluster, or undefined.
 *
 * PostgreSQL removes a stale file itself, except when it is empty or its process id still means something: a
 * zombie that nobody reaps, or another process of the same account, both common in containers. Then it
 * refuses to start, so such a file is removed here. Should that ever hit a live server, the shared memory
 * segment, found by the cluster's inode, still keeps a second one out.
 */
export async function findPostmaster(cluster: string): Promise<RunningPostmaster | undefined> {
  const file = join(cluster, "postmaster.pid")
  const content = await readFile(file, "utf8").catch(() => undefined)
  if (content === undefined) return undefined
  const { pid, port } = parsePidFile(content)
  if (pid && (await isPostmasterOf(pid, cluster))) return { pid, port }
  const blocks = pid ? hasEntry(pid) : await isOld(file)
  if (blocks && (await readFile(file, "utf8").catch(() => "")) === content) await rm(file, { force: true })
  return undefined
}

async function isOld(file: string): Promise<boolean> {
  const { mtimeMs } = await stat(file).catch(() => ({ mtimeMs: Date.now() }))
  return Date.now() - mtimeMs > TIMING.embedded.emptyPidFileMs
}

/**
 * Line 1 is the process id and line 4 the port, written a moment later (PostgreSQL's miscadmin.h,
 * LOCK_FILE_LINE_*).
 */
export function parsePidFile(content: string): { pid: number | undefined; port: number | undefined } {
  const lines = content.split("\n")
  return { pid: positive(lines[0]), port: positive(lines[3]) }
}

function positive(line: string | undefined): number | undefined {
  const value = Number(line)
  return Number.isSafeInteger(value) && value > 0 ? value : undefined
}

/** In doubt yes: two postmasters on one cluster would destroy it. */
export async function isPostmasterOf(pid: number, cluster: string): Promise<boolean> {
  if (!isAlive(pid)) return false
  const command = await commandOf(pid)
  if (!command) return isAlive(pid)
  if (process.platform !== "linux") return command.join(" ").includes(cluster)
  if (basename(command[0] ?? "") !== "postgres") return false
  const folder = command[command.indexOf("-D") + 1] ?? ""
  return !existsSync(folder) || realpathSync(folder) === cluster // a folder that was moved is gone from there
}
