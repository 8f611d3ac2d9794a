import { readdirSync, readFileSync } from "node:fs"

/** Processor time so far, in ticks of the system's clock. */
interface Ticks {
  /** All that the machine's processors could do. */
  all: number
  busy: number
  /** What this process and those that it has started did. */
  own: number
}

/**
 * Begins to watch what else the machine does.
 * @returns a function that gives the share of all processors, from 0 to 1, that others have taken since; null where the
 *   system doesn't tell (only Linux does)
 */
export function watchOthers(): () => number | null {
  const before = readTicks()
  return () => {
    const after = readTicks()
    if (!before || !after || after.all === before.all) return null
    const others = after.busy - before.busy - (after.own - before.own)
    return Math.max(0, others) / (after.all - before.all)
  }
}

function readTicks(): Ticks | null {
  try {
    return { ...readMachine(), own: readOwn() }
  } catch {
    return null
  }
}

/** Of `cpu  user nice system idle iowait irq softirq steal guest guest_nice`; guests are in user and nice already. */
function readMachine(): Omit<Ticks, "own"> {
  const [line = ""] = readFileSync("/proc/stat", "utf8").split("\n")
  const ticks = line.trim().split(/ +/).slice(1, 9).map(Number)
  const all = ticks.reduce((sum, one) => sum + one, 0)
  const [idle = 0, waiting = 0] = ticks.slice(3, 5)
  return { all, busy: all - idle - waiting }
}

function readOwn(): number {
  const processes = new Map(readdirSync("/proc").filter(isNumber).flatMap(readProcess))
  const isOwn = (pid: string): boolean => {
    if (pid === String(process.pid)) return true
    const parent = processes.get(pid)?.parent
    return parent !== undefined && parent !== "0" && isOwn(parent)
  }
  return [...processes].reduce((sum, [pid, { ticks }]) => sum + (isOwn(pid) ? ticks : 0), 0)
}

const isNumber = (name: string) => /^\d+$/.test(name)

function readProcess(pid: string): [string, { parent: string; ticks: number }][] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8")
    // The name before it may have spaces. After it come state, parent, …; user and system time are the 12th and 13th.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ")
    return [[pid, { parent: fields[1] ?? "0", ticks: Number(fields[11]) + Number(fields[12]) }]]
  } catch {
    // It has ended meanwhile.
    return []
  }
}
