import { type ChildProcess, spawn } from "node:child_process"
import { on, once } from "node:events"
import { fileURLToPath } from "node:url"
import { z } from "zod"
import { TIMING } from "../config/timing.ts"

/** The launcher's cache of compiled modules (`bin/run.mjs`), which halves a simulator's start time. */
const COMPILE_CACHE = fileURLToPath(new URL("../../node_modules/.cache/compile", import.meta.url))

/** The simulator didn't start; the message says why, as far as it is known. */
export class SimulatorFailed extends Error {
  override name = "SimulatorFailed"
  readonly code = "SIMULATOR_FAILED"
}

export interface Simulator {
  url: string
  pid: number
  stop(): Promise<void>
}

export interface SimulatorOptions {
  port?: number
  args?: string[]
  /** Cancels the start; has no effect later. */
  signal?: AbortSignal
}

/**
 * Starts `simulators/<name>` as a separate process, which this program knows only by its base URL. It watches the IPC
 * channel and exits with its parent, even if that is killed. A failed or cancelled start leaves no process behind.
 */
export async function startSimulator(
  name: "gemini" | "stripe",
  { port = 0, args = [], signal }: SimulatorOptions = {},
): Promise<Simulator> {
  signal?.throwIfAborted()
  const entry = fileURLToPath(new URL(`../../simulators/${name}/main.ts`, import.meta.url))
  // Outside our process group, so that Ctrl-C doesn't reach it and replies in flight can finish.
  const child = spawn(process.execPath, [entry, "--port", String(port), ...args], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    detached: true,
    env: { NODE_COMPILE_CACHE: COMPILE_CACHE, ...process.env },
  })
  child.unref()
  const url = await readUrl(child, name, signal).catch(async (error: unknown) => {
    await end(child, "SIGKILL") // it may be stuck and has nothing to save yet
    throw error
  })
  child.channel?.unref()
  return { url, pid: child.pid as number, stop: () => end(child, "SIGTERM") }
}

/** What a simulator sends when it listens, or when it can't (`simulators/shared/command.ts`). */
const Started = z.union([z.object({ url: z.url() }), z.object({ error: z.string() })])

async function readUrl(child: ChildProcess, name: string, cancelled?: AbortSignal): Promise<string> {
  const settled = new AbortController()
  const signals = [
    AbortSignal.timeout(TIMING.embedded.simulatorStartMs),
    settled.signal,
    ...(cancelled ? [cancelled] : []),
  ]
  const signal = AbortSignal.any(signals)
  const ended = once(child, "exit", { signal }).then(() => {
    throw new SimulatorFailed(`The ${name} simulator exited before it was ready.`)
  })
  try {
    const started = await Promise.race([readStarted(child, signal), ended])
    if ("error" in started) throw new SimulatorFailed(`The ${name} simulator can't start: ${started.error}`)
    return started.url
  } finally {
    ended.catch(() => undefined)
    settled.abort()
  }
}

/** Skips other messages: under `node --watch` a child with a channel first reports each module that it imports. */
async function readStarted(child: ChildProcess, signal: AbortSignal): Promise<z.infer<typeof Started>> {
  for await (const [message] of on(child, "message", { signal })) {
    const { data } = Started.safeParse(message)
    if (data) return data
  }
  throw signal.reason
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  child.ref() // otherwise our process could exit here without reporting its error
  child.kill(signal)
  await once(child, "exit")
}
