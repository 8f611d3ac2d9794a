import { readdirSync, readFileSync } from "node:fs"

/**
 * Returns the processor time, in milliseconds, of a process and of all its children so far, from the kernel's scheduler,
 * which counts nanoseconds. Linux alone has it. What children have used that are gone by then isn't in it.
 */
export function processorTimes(pid: number): Map<number, number> {
  const times = new Map<number, number>()
  for (const each of [pid, ...childrenOf(pid)]) {
    const ran = read(`/proc/${each}/schedstat`)
    if (ran) times.set(each, Number(ran.split(" ")[0]) / 1e6)
  }
  return times
}

/** @returns the processor time between two readings, in milliseconds */
export function spentBetween(before: Map<number, number>, after: Map<number, number>): number {
  return [...after].reduce((sum, [pid, ms]) => sum + ms - (before.get(pid) ?? 0), 0)
}

function childrenOf(pid: number): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && parentOf(name) === pid)
    .map(Number)
}

/** "pid (name) state ppid …", where the name may contain spaces and brackets. */
function parentOf(pid: string): number {
  const stat = read(`/proc/${pid}/stat`) ?? ""
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1])
}

/** Processes come and go. */
function read(file: string): string | null {
  try {
    return readFileSync(file, "utf8")
  } catch {
    return null
  }
}
