import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { TIMING } from "../config/timing.ts"

/** Where the launcher keeps compiled modules (`bin/run.mjs`): half of a simulator's start is saved. */
const COMPILE_CACHE = fileURLToPath(new URL("../../node_modules/.cache/compile", import.meta.url))

export interface Simulator {
  url: string
  pid: number
  stop(): Promise<void>
}

export interface SimulatorOptions {
  port?: number
  args?: string[]
  /** Gives the start up; has no effect later. */
  signal?: AbortSignal
}

/**
 * Runs `simulators/<name>` as a process of its own: to this program it is a base URL, like what it stands for. It
 * ends with its parent, however that ends, because it watches the channel between them. A start that fails or is
 * given up leaves no process.
 */
export async function startSimulator(
  name: "gemini" | "stripe",
  { port = 0, args = [], signal }: SimulatorOptions = {},
): Promise<Simulator> {
  signal?.throwIfAborted()
  const entry = fileURLToPath(new URL(`../../simulators/${name}/main.ts`, import.meta.url))
  // Not in our process group, so that Ctrl-C reaches us first and the replies under way can finish.
  const child = spawn(process.execPath, [entry, "--port", String(port), ...args], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    detached: true,
    // Handed on, not read.
    env: { NODE_COMPILE_CACHE: COMPILE_CACHE, ...process.env },
  })
  child.unref()
  const { url } = await firstMessage(child, name, signal).catch(async (error: unknown) => {
    await end(child, "SIGKILL") // it may be stuck, and has nothing to save yet
    throw error
  })
  child.channel?.unref()
  return { url, pid: child.pid as number, stop: () => end(child, "SIGTERM") }
}

async function firstMessage(
  child: ChildProcess,
  name: string,
  giveUp?: AbortSignal,
): Promise<{ url: string }> {
  const over = new AbortController()
  const signals = [
    AbortSignal.timeout(TIMING.embedded.simulatorStartMs),
    over.signal,
    ...(giveUp ? [giveUp] : []),
  ]
  const signal = AbortSignal.any(signals)
  const ended = once(child, "exit", { signal }).then(() => {
    throw new Error(`The ${name} simulator ended before it was ready.`)
  })
  try {
    const [message] = await Promise.race([once(child, "message", { signal }), ended])
    return message as { url: string }
  } finally {
    ended.catch(() => undefined)
    over.abort()
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  child.ref() // a process that waits for nothing else would end here, with its error untold
  child.kill(signal)
  await once(child, "exit")
}
