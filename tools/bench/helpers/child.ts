import { startChild } from "../../lib/child.ts"

const PROBE = new URL("./probe.ts", import.meta.url).href

/** What `npm start` gives the server (package.json). */
const SERVER_FLAGS = ["--max-semi-space-size=16"]

/** Processor time since the process began, and its memory. */
export interface Usage {
  cpuMs: number
  rssBytes: number
  /** The most that it has ever held. */
  peakRssBytes: number
}

/** A Node process that is measured or helps to measure. */
export interface Child {
  usage(): Promise<Usage>
  stop(): Promise<void>
}

export interface ChildOptions {
  env?: Record<string, string>
  args?: string[]
  nodeFlags?: string[]
  /** Where it runs: away from the project, whose `.env` isn't meant. */
  cwd: string
}

/** What makes a child ready: a message over its channel, or an address that answers. */
type Ready<T> = { message: (message: unknown) => T | undefined } | { answers: string }

/** Starts `entry` (a path in the project) and waits until it is ready. Its log goes nowhere. */
export async function startMeasured<T>(
  entry: string,
  { env = {}, args = [], nodeFlags = [], cwd }: ChildOptions,
  ready: Ready<T>,
): Promise<Child & { message: T | undefined }> {
  const flags = [...(entry.startsWith("src/") ? SERVER_FLAGS : []), ...nodeFlags, "--import", PROBE]
  const child = startChild({ entry, flags, args, env, cwd, isMeasured: true })
  const stop = async () => void (child.isAlive() && (await child.kill("SIGTERM")))
  try {
    if ("answers" in ready) await child.answers(ready.answers)
    return {
      message: "message" in ready ? await child.ask(ready.message) : undefined,
      stop,
      usage: () => child.ask((message) => (message as { usage?: Usage }).usage, "usage"),
    }
  } catch (error) {
    await stop()
    throw error
  }
}
