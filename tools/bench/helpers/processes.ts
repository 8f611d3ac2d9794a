import { readdirSync, readFileSync } from "node:fs"

/** Returns a process and everything that it has started, at whatever remove. Linux alone tells. */
export function familyOf(pid: number): number[] {
  const parents = new Map(
    readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map((name) => [Number(name), parentOf(name)]),
  )
  const family = [pid]
  for (const member of family)
    for (const [child, parent] of parents) if (parent === member) family.push(child)
  return family
}

/**
 * Returns processor time so far by process, in milliseconds, from the kernel's scheduler, which counts nanoseconds. What
 * processes used that are gone by then isn't in it.
 */
export function processorTimes(pids: readonly number[]): Map<number, number> {
  const times = new Map<number, number>()
  for (const pid of pids) {
    const ran = read(`/proc/${pid}/schedstat`)
    if (ran) times.set(pid, Number(ran.split(" ")[0]) / 1e6)
  }
  return times
}

/** @returns the processor time between two readings, in milliseconds */
export function spentBetween(before: Map<number, number>, after: Map<number, number>): number {
  return [...after].reduce((sum, [pid, ms]) => sum + ms - (before.get(pid) ?? 0), 0)
}

/** Returns the memory of all the processes: what several of them map is divided among them (PSS), so nothing counts twice. */
export function memoryOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + kilobytes(read(`/proc/${pid}/smaps_rollup`), PSS) * 1024, 0)
}

const PSS = /^Pss:\s+(\d+) kB$/m

function kilobytes(text: string | null, name: RegExp): number {
  return Number(name.exec(text ?? "")?.[1] ?? 0)
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
