import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { setTimeout as sleep } from "node:timers/promises"
import { promisify } from "node:util"
import { TIMING } from "../../config/timing.ts"

/** Whether the process runs. A zombie doesn't: in a container nobody may reap an orphan. */
export function isAlive(pid: number): boolean {
  return hasEntry(pid) && !(process.platform === "linux" && isZombie(pid))
}

/** Whether the system knows the process id, if only as a zombie. */
export function hasEntry(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"
  }
}

function isZombie(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
    // "pid (name) state …", and the name may hold spaces and brackets
    return stat.charAt(stat.lastIndexOf(")") + 2) === "Z"
  } catch {
    return false
  }
}

/**
 * The words a process was started with, readable for other accounts' processes too, or undefined when they
 * can't be known. Outside Linux the words are cut at spaces, so look for a path in the joined text there.
 */
export async function commandOf(pid: number): Promise<string[] | undefined> {
  if (process.platform === "win32") return undefined
  try {
    if (process.platform === "linux") return (await readFile(`/proc/${pid}/cmdline`, "utf8")).split("\0")
    const { stdout } = await promisify(execFile)("ps", ["-o", "command=", "-p", String(pid)])
    return stdout.trim().split(" ")
  } catch {
    return undefined
  }
}

/** Resolves with whether the process ended within the time. */
export async function hasEnded(pid: number, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs
  while (isAlive(pid)) {
    if (performance.now() > deadline) return false
    await sleep(TIMING.embedded.pollMs)
  }
  return true
}
