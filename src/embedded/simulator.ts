import { type ChildProcess, spawn } from "node:child_process"
import { on, once } from "node:events"
import { fileURLToPath } from "node:url"
import { z } from "zod"
import { TIMING } from "../config/timing.ts"
import { SECOND } from "../utils/time.ts"

/** The launcher's cache of compiled modules (`bin/run.mjs`), which halves a simulator's start time. */
const COMPILE_CACHE = fileURLToPath(new URL("../../node_modules/.cache/compile", import.meta.url))

/** The simulator didn't start; the message says why, as far as it is known. */
export class SimulatorFailed extends Error {
  override name = "SimulatorFailed"
  readonly code = "SIMULATOR_FAILED"
}

export interface Simulator {
  url: string
  /** The process in which it runs, with the others of its host. */
  pid: number
  /** Lets it go. The process ends with the last. Safe to call twice. */
  stop(): Promise<void>
}

export interface SimulatorOptions {
  port?: number
  /** Where it keeps its state across restarts. */
  dataFile?: string
  /** Cancels the start; has no effect later. */
  signal?: AbortSignal
}

/** Runs simulators in one process, which begins with the first and ends when all are stopped. */
export interface SimulatorHost {
  /**
   * Starts a simulator, which this program knows only by its base URL. The process watches the IPC channel and exits
   * with its parent, even if that is killed. A start that fails or is cancelled ends the process with all that is in
   * it: they are parts of one start.
   * @throws {SimulatorFailed} or the reason of the cancellation
   */
  start(name: "gemini" | "stripe", options?: SimulatorOptions): Promise<Simulator>
}

export function createSimulatorHost(): SimulatorHost {
  let current: Host | undefined
  return {
    async start(name, { port = 0, dataFile, signal } = {}) {
      signal?.throwIfAborted()
      if (!current || hasExited(current.child)) current = { child: spawnHost(), inUse: 0, pending: 0 }
      const host = current
      host.inUse++
      const url = await askFor(host, { start: name, port, dataFile }, signal).catch(
        async (error: unknown) => {
          host.failure ??= error
          // It may be stuck, and a start that fails has nothing to save yet.
          await end(host.child, "SIGKILL")
          throw host.failure
        },
      )
      let stopped: Promise<void> | undefined
      return { url, pid: host.child.pid as number, stop: () => (stopped ??= release(host)) }
    },
  }
}

interface Host {
  child: ChildProcess
  /** Simulators that aren't stopped. */
  inUse: number
  /** Starts without an answer, during which its channel keeps this process alive. */
  pending: number
  /** Why the process was ended, which the other starts would report as its exit. */
  failure?: unknown
}

async function release(host: Host): Promise<void> {
  host.inUse--
  if (host.inUse === 0) await end(host.child, "SIGTERM")
}

function spawnHost(): ChildProcess {
  const entry = fileURLToPath(new URL("../../simulators/host.ts", import.meta.url))
  // Outside our process group, so that Ctrl-C doesn't reach it and replies in flight can finish.
  const child = spawn(process.execPath, [entry], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    detached: true,
    env: { NODE_COMPILE_CACHE: COMPILE_CACHE, ...process.env },
  })
  child.unref()
  return child
}

/** Asks the process (`simulators/host.ts`) for a simulator. */
interface Request {
  start: string
  port: number
  dataFile: string | undefined
}

/** Says that a simulator listens, or why it can't. */
const Started = z.union([
  z.object({ name: z.string(), url: z.url() }),
  z.object({ name: z.string(), error: z.string() }),
])

/** @throws {SimulatorFailed} or the reason of the cancellation */
async function askFor(host: Host, request: Request, cancelled?: AbortSignal): Promise<string> {
  const { child } = host
  const { start: name } = request
  const settled = new AbortController()
  const late = AbortSignal.timeout(TIMING.embedded.simulatorStartMs)
  const signal = AbortSignal.any([late, settled.signal, ...(cancelled ? [cancelled] : [])])
  // Rejects with the reason where the program can't be started at all.
  if (child.pid === undefined) await once(child, "spawn")
  const ended = once(child, "exit", { signal }).then(() => {
    throw new SimulatorFailed(`The ${name} simulator exited before it was ready.`)
  })
  host.pending++
  child.channel?.ref()
  try {
    const answer = readStarted(child, name, signal)
    child.send(request, () => undefined) // that the process has ended is seen by itself
    const started = await Promise.race([answer, ended])
    if ("error" in started) throw new SimulatorFailed(`The ${name} simulator can't start: ${started.error}`)
    return started.url
  } catch (error) {
    cancelled?.throwIfAborted()
    if (!late.aborted) throw error
    throw new SimulatorFailed(
      `The ${name} simulator didn't start within ${TIMING.embedded.simulatorStartMs / SECOND} s.`,
    )
  } finally {
    ended.catch(() => undefined)
    settled.abort()
    host.pending--
    if (host.pending === 0) child.channel?.unref()
  }
}

/** Skips other messages: under `node --watch` a child with a channel first reports each module that it imports. */
async function readStarted(
  child: ChildProcess,
  name: string,
  signal: AbortSignal,
): Promise<z.infer<typeof Started>> {
  for await (const [message] of on(child, "message", { signal })) {
    const { data } = Started.safeParse(message)
    if (data?.name === name) return data
  }
  throw signal.reason
}

const hasExited = ({ exitCode, signalCode }: ChildProcess) => exitCode !== null || signalCode !== null

/** May be called for a process that another call is ending. */
async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.pid === undefined || hasExited(child)) return
  child.ref() // otherwise our process could exit here without reporting its error
  child.kill(signal)
  await once(child, "exit")
}
