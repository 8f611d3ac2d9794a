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
  /** Of the process that it shares with the others of its host. */
  pid: number
  stop(): Promise<void>
}

export interface SimulatorOptions {
  port?: number
  /** Where it keeps its state across restarts. */
  dataFile?: string
  /** Cancels the start; has no effect later. */
  signal?: AbortSignal
}

/** Simulators in one process, which begins with the first and ends when all are stopped. */
export interface SimulatorHost {
  /**
   * Starts one, which this program knows only by its base URL. The process watches the IPC channel and exits with its
   * parent, even if that is killed. A start that fails or is cancelled ends the process, and what else is in it: they
   * are parts of one start.
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
          await end(host.child, "SIGKILL") // it may be stuck and has nothing to save yet
          throw error
        },
      )
      const stop = async () => {
        host.inUse--
        if (host.inUse === 0) await end(host.child, "SIGTERM")
      }
      return { url, pid: host.child.pid as number, stop }
    },
  }
}

interface Host {
  child: ChildProcess
  /** Simulators that aren't stopped. */
  inUse: number
  /** Starts without an answer, during which its channel keeps this process alive. */
  pending: number
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

/** What is asked of the process (`simulators/host.ts`). */
interface Request {
  start: string
  port: number
  dataFile: string | undefined
}

/** What the process sends of one that listens, or that can't. */
const Started = z.object({ name: z.string(), url: z.url().optional(), error: z.string().optional() })

async function askFor(host: Host, request: Request, cancelled?: AbortSignal): Promise<string> {
  const { child } = host
  const { start: name } = request
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
  host.pending++
  child.channel?.ref()
  try {
    const answer = readStarted(child, name, signal)
    child.send(request, () => undefined) // that the process has ended is seen by itself
    const { url, error } = await Promise.race([answer, ended])
    if (url === undefined) throw new SimulatorFailed(`The ${name} simulator can't start: ${error}`)
    return url
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
