import { spawn } from "node:child_process"
import { once } from "node:events"
import { appendFileSync } from "node:fs"
import { resolve } from "node:path"
import { createInterface } from "node:readline"
import { SECOND } from "../../src/utils/time.ts"
import { until } from "./until.ts"

/** A line of a process's log: constant message, data in fields. */
export interface LogLine {
  time: string
  msg: string
  event?: string
  [field: string]: unknown
}

export interface Exit {
  code: number | null
  signal: NodeJS.Signals | null
}

export interface ChildOptions {
  /** Below the root of the project, such as `src/worker.ts`; or the whole path of another copy's. */
  entry: string
  /** For Node, before the entry. */
  flags?: string[]
  /** For the program, after the entry. */
  args?: string[]
  /** All that the process finds in its environment, beside `PATH` and the like. */
  env: Record<string, string>
  /** Where it runs; a folder without a `.env`. */
  cwd: string
  /** Everything it prints is appended here. */
  logFile?: string
  onLog?: (line: LogLine) => void
  /**
   * It has a channel for `ask`, and its standard output isn't read, which would take time from what is measured. A
   * Ctrl-C in the terminal is for this process alone, which stops its children gracefully.
   */
  isMeasured?: boolean
}

/** A program of this project in a process of its own. */
export type Child = ReturnType<typeof startChild>

const ROOT = resolve(import.meta.dirname, "../..")

/** The launcher's: a start from compiled code takes half the time. */
const COMPILE_CACHE = resolve(ROOT, "node_modules/.cache/compile")

/** A long drill prints a lot; all of it is in the log file. */
const KEPT_LINES = 2_000

const START_WITHIN_MS = 60 * SECOND

/** Starts a child. It never outlives this process, unless this one is killed with -9. */
export function startChild(options: ChildOptions) {
  const { entry, flags = [], args = [], env, cwd, logFile, onLog, isMeasured = false } = options
  const child = spawn(process.execPath, [...flags, resolve(ROOT, entry), ...args], {
    cwd,
    env: { ...basics(), NODE_COMPILE_CACHE: COMPILE_CACHE, ...env },
    stdio: isMeasured ? ["ignore", "ignore", "pipe", "ipc"] : ["ignore", "pipe", "pipe"],
    detached: isMeasured,
  })
  const killAtExit = () => child.kill("SIGKILL")
  process.on("exit", killAtExit)
  let isUnwanted = false
  const printed: string[] = []
  const take = (line: string) => {
    printed.push(line)
    if (printed.length > KEPT_LINES) printed.shift()
    if (logFile) appendFileSync(logFile, `${line}\n`)
    const parsed = onLog && parseLog(line)
    if (parsed) onLog(parsed)
  }
  for (const stream of [child.stdout, child.stderr])
    if (stream) createInterface({ input: stream }).on("line", take)
  const ended = once(child, "close").then(([code, signal]) => {
    process.off("exit", killAtExit)
    return { code, signal } as Exit
  })
  const isAlive = () => child.exitCode === null && child.signalCode === null
  const output = () => printed.join("\n")
  const endedBefore = (what: string) =>
    new Error(`${entry} ended before it ${what}:\n${output().slice(-4_000)}`)
  const untilIt = (what: string, holds: () => boolean | Promise<boolean>, timeoutMs = START_WITHIN_MS) => {
    const check = async () => {
      if (await holds()) return true
      if (!isAlive()) throw endedBefore(what)
      return false
    }
    return until(`${entry} ${what}`, check, { timeoutMs })
  }
  return {
    pid: child.pid as number,
    /** The last lines printed so far, on both outputs. */
    output,
    isAlive,
    /** Resolves once something containing `text` was printed. @throws when the process ends first */
    printed: (text: string, timeoutMs?: number) =>
      untilIt(`printed "${text}"`, () => output().includes(text), timeoutMs),
    /** Resolves once a request to `url` succeeds. @throws when the process ends first */
    answers: (url: string) => untilIt(`answered at ${url}`, () => isOk(url)),
    /** Sends `question` over the channel and resolves with the first message that `read` knows. */
    async ask<T>(read: (message: unknown) => T | undefined, question?: string): Promise<T> {
      if (question) child.send(question)
      const signal = AbortSignal.timeout(START_WITHIN_MS)
      const over = ended.then(() => {
        throw endedBefore("sent a message")
      })
      for (;;) {
        const [message] = (await Promise.race([once(child, "message", { signal }), over])) as [unknown]
        const known = read(message)
        if (known !== undefined) return known
      }
    },
    /** Whether `kill` was called. */
    isUnwanted: () => isUnwanted,
    /** Sends `signal` and resolves when the process is gone and its last words are read. */
    kill(signal: NodeJS.Signals): Promise<Exit> {
      isUnwanted = true
      child.kill(signal)
      return ended
    },
    ended,
  }
}

/** Whether a request to `url` succeeds. */
export async function isOk(url: string): Promise<boolean> {
  return (await fetch(url).catch(() => null))?.ok ?? false
}

/** What programs need of the system. Nothing else of our environment may steer a child. */
function basics(): NodeJS.ProcessEnv {
  const kept = ["PATH", "HOME", "TMPDIR", "TEMP", "TMP", "SystemRoot"]
  return Object.fromEntries(kept.map((name) => [name, process.env[name]]))
}

function parseLog(line: string): LogLine | null {
  if (!line.startsWith("{")) return null
  try {
    return JSON.parse(line)
  } catch {
    return null // the last line of a killed process may be half a line
  }
}
