import { spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { pause, SECOND } from "../../../src/utils/time.ts"

const START_WITHIN_MS = 30 * SECOND
const ROOT = new URL("../../../", import.meta.url)
const PROBE = new URL("./probe.ts", import.meta.url).href

/** What `npm start` gives the server (package.json). */
const SERVER_FLAGS = ["--max-semi-space-size=16"]

/** Processor time since the process began, and the memory that it holds now. */
export interface Usage {
  cpuMs: number
  rssBytes: number
}

/** A Node process that is measured or helps to measure. */
export interface Child {
  usage(): Promise<Usage>
  stop(): Promise<void>
}

export interface ChildOptions {
  /** All that the process sees of an environment, besides `PATH`. */
  env?: Record<string, string>
  args?: string[]
  nodeFlags?: string[]
  /** Where it runs: away from the project, whose `.env` isn't meant. */
  cwd: string
}

/** What makes a child ready: what it says over its channel, or an address that answers. */
type Ready<T> = { message: (message: unknown) => T | undefined } | { answers: string }

/** Starts `entry` (a path in the project) and waits until it is ready. Its log goes nowhere. */
export async function startChild<T>(
  entry: string,
  { env = {}, args = [], nodeFlags = [], cwd }: ChildOptions,
  ready: Ready<T>,
): Promise<Child & { said: T | undefined }> {
  const file = fileURLToPath(new URL(entry, ROOT))
  const flags = entry.startsWith("src/") ? [...SERVER_FLAGS, ...nodeFlags] : nodeFlags
  const child = spawn(process.execPath, [...flags, "--import", PROBE, file, ...args], {
    cwd,
    env: { PATH: process.env.PATH, ...env },
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    // Ctrl-C is for the benchmark, which stops its processes in order.
    detached: true,
  })
  let complaints = ""
  child.stderr?.on("data", (text: Buffer) => {
    complaints = (complaints + text).slice(-4_000)
  })
  const isOver = () => child.exitCode !== null || child.signalCode !== null

  const ended = once(child, "exit").then(() => {
    throw new Error(`${entry} ended by itself.\n${complaints}`)
  })
  ended.catch(() => undefined)

  async function hear<M>(read: (message: unknown) => M | undefined): Promise<M> {
    const signal = AbortSignal.timeout(START_WITHIN_MS)
    for (;;) {
      const [message] = (await Promise.race([once(child, "message", { signal }), ended])) as [unknown]
      const heard = read(message)
      if (heard !== undefined) return heard
    }
  }

  async function untilAnswers(url: string): Promise<void> {
    for (const deadline = Date.now() + START_WITHIN_MS; ; await pause(25)) {
      if (isOver()) throw new Error(`${entry} ended before it was ready.\n${complaints}`)
      if (await answers(url)) return
      if (Date.now() > deadline)
        throw new Error(`${entry} isn't ready after ${START_WITHIN_MS} ms.\n${complaints}`)
    }
  }

  async function stop(): Promise<void> {
    if (isOver()) return
    child.kill("SIGTERM")
    await once(child, "exit")
  }

  try {
    const said = "message" in ready ? await hear(ready.message) : await untilAnswers(ready.answers)
    return {
      said: said ?? undefined,
      stop,
      async usage() {
        child.send("usage")
        return hear((message) => (message as { usage?: Usage }).usage)
      },
    }
  } catch (error) {
    await stop()
    throw error
  }
}

async function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    (response) => response.ok,
    () => false,
  )
}
