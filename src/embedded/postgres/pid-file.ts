import { existsSync, realpathSync } from "node:fs"
import { readFile, rm, stat } from "node:fs/promises"
import { basename, join } from "node:path"
import { TIMING } from "../../config/timing.ts"
import { commandOf, hasEntry, isAlive } from "./processes.ts"

/** A running postmaster as named by postmaster.pid. */
export type RunningPostmaster = { pid: number; port: number | undefined }

/**
 * Finds the running postmaster of a cluster, and removes a stale postmaster.pid that would prevent a start.
 *
 * PostgreSQL removes stale files itself, unless the file is empty or its process id is a zombie or another process of
 * the same account, which is common in containers. If a live server's file were removed by mistake, its shared memory
 * segment, found by the cluster's inode, would still keep a second server out.
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
 * Parses line 1, the process id, and line 4, the port, which is written a moment later (LOCK_FILE_LINE_* in
 * PostgreSQL's miscadmin.h).
 */
export function parsePidFile(content: string): { pid: number | undefined; port: number | undefined } {
  const lines = content.split("\n")
  return { pid: positive(lines[0]), port: positive(lines[3]) }
}

function positive(line: string | undefined): number | undefined {
  const value = Number(line)
  return Number.isSafeInteger(value) && value > 0 ? value : undefined
}

/** Returns true in doubt, because two postmasters on one cluster would destroy it. */
export async function isPostmasterOf(pid: number, cluster: string): Promise<boolean> {
  if (!isAlive(pid)) return false
  const command = await commandOf(pid)
  if (!command) return isAlive(pid)
  if (process.platform !== "linux") return command.join(" ").includes(cluster)
  if (basename(command[0] ?? "") !== "postgres") return false
  const folder = command[command.indexOf("-D") + 1] ?? ""
  return !existsSync(folder) || realpathSync(folder) === cluster // the folder may have been moved
}
