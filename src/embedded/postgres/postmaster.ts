import { type ChildProcess, execFile, spawn } from "node:child_process"
import { closeSync, existsSync, openSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { promisify } from "node:util"
import type pg from "pg"
import { TIMING } from "../../config/timing.ts"
import { SECOND } from "../../utils/time.ts"
import { cleanEnvironment } from "./account.ts"
import type { Binaries } from "./binaries.ts"
import type { Site } from "./cluster.ts"
import { tryConnect } from "./connection.ts"
import { throwIfDiskFull } from "./disk.ts"
import { StartFailed } from "./errors.ts"
import { boundLog, sizeOf, tailOf } from "./log-file.ts"
import { findPostmaster, isPostmasterOf } from "./pid-file.ts"
import { findFreePort, isPortFree } from "./ports.ts"
import { hasEnded } from "./processes.ts"
import { settingArguments } from "./settings.ts"

/** A postmaster that accepts connections, with an open one. */
export type Postmaster = { pid: number; port: number; adopted: boolean; client: pg.Client }

export type Acquire = {
  site: Site
  binaries: Binaries
  settings: Record<string, string>
  onProgress: (line: string) => void
  onSpawn?: (() => void) | undefined
  signal?: AbortSignal | undefined
}

const MAX_STARTS = 5

/**
 * Adopts the postmaster that runs on the cluster, or starts one. Waits while one is starting, recovering or shutting
 * down.
 * @throws {StartFailed | DiskFull | ClusterUnusable}
 */
export async function acquirePostmaster(options: Acquire): Promise<Postmaster> {
  const wait = createWait(options)
  const wasKilled = existsSync(join(options.site.cluster, "postmaster.pid"))
  for (let starts = 0; ; ) {
    const running = await findPostmaster(options.site.cluster)
    if (running) {
      const client = running.port && (await tryConnect({ ...options.site, port: running.port }))
      if (client && running.port) return { pid: running.pid, port: running.port, adopted: true, client }
      await wait()
      continue
    }
    starts += 1
    const started = await startPostmaster(options, wait, { isLast: starts === MAX_STARTS, wasKilled })
    if (started) return started
  }
}

interface Start {
  /** No other one follows. */
  isLast: boolean
  /** The postmaster before ended without removing its file. Its children outlive it by a moment, and keep the cluster. */
  wasKilled: boolean
}

/** @returns undefined if another postmaster, or another program on its port, was faster, or what was killed isn't gone yet */
async function startPostmaster(options: Acquire, wait: () => Promise<void>, { isLast, wasKilled }: Start) {
  const { site } = options
  const port = await findFreePort()
  await boundLog(site.log)
  const logStart = await sizeOf(site.log)
  const child = spawnPostgres(options, port)
  const ended = watch(child)
  try {
    while (!ended.done) {
      const client = await tryConnect({ ...site, port })
      if (client && !ended.done && child.pid) return { pid: child.pid, port, adopted: false, client }
      await wait()
    }
  } catch (error) {
    if (child.pid) await stopPostmaster(child.pid, site, options.binaries)
    throw error
  }
  if (!isLast && !ended.error && ((await findPostmaster(site.cluster)) || !(await isPortFree(port))))
    return undefined
  if (!isLast && !ended.error && wasKilled) {
    await wait()
    return undefined
  }
  const error = new StartFailed(
    `PostgreSQL didn't start (${ended.why}). Its log is ${site.log}.`,
    await tailOf(site.log, logStart),
    ended.error,
  )
  await throwIfDiskFull(site.home, error)
  throw error
}

/**
 * Starts PostgreSQL detached, so that Ctrl-C doesn't reach it, and with its output in a file, so that it survives if
 * the application is killed.
 */
function spawnPostgres({ site, binaries, settings, onSpawn }: Acquire, port: number): ChildProcess {
  const log = openSync(site.log, "a", 0o600)
  const child = spawn(binaries.postgres, ["-D", site.cluster, ...settingArguments(port, settings)], {
    ...site.account,
    cwd: site.home,
    env: cleanEnvironment(),
    detached: true,
    windowsHide: true,
    stdio: ["ignore", log, log],
  })
  closeSync(log)
  child.unref()
  onSpawn?.()
  return child
}

function watch(child: ChildProcess) {
  const ended: { done: boolean; why: string; error?: Error } = { done: false, why: "" }
  const end = (how: { why: string; error?: Error }) => Object.assign(ended, how, { done: true })
  child.once("exit", (code, signal) => end({ why: signal ?? `exit code ${code}` }))
  child.once("error", (error) => end({ why: error.message, error }))
  return ended
}

/** Returns one step of waiting, which reports a slow start once and throws on a timeout or an abort. */
function createWait({ site, onProgress, signal }: Acquire): () => Promise<void> {
  const started = performance.now()
  let reported = false
  return async () => {
    signal?.throwIfAborted()
    const waited = performance.now() - started
    if (waited > TIMING.embedded.postgresReadyMs) {
      throw new StartFailed(
        `PostgreSQL didn't respond within ${TIMING.embedded.postgresReadyMs / SECOND} s.`,
        await tailOf(site.log, 0),
      )
    }
    if (waited > TIMING.embedded.slowStartMs && !reported) {
      reported = true
      onProgress("Waiting for PostgreSQL, which is recovering from a crash or still shutting down.")
    }
    await sleep(TIMING.embedded.pollMs)
  }
}

/**
 * Stops a postmaster and its processes by PostgreSQL's "fast" shutdown, which ends sessions at once, and by force after
 * some seconds. Does nothing if it is already gone.
 */
export async function stopPostmaster(pid: number, site: Site, binaries: Binaries): Promise<void> {
  const steps = [
    ["INT", TIMING.embedded.fastShutdownMs],
    ["QUIT", TIMING.embedded.immediateShutdownMs],
    ["KILL", TIMING.embedded.killMs],
  ] as const
  for (const [signal, timeoutMs] of steps) {
    if (!(await isPostmasterOf(pid, site.cluster))) return
    await sendSignal(pid, signal, binaries)
    if (await hasEnded(pid, timeoutMs)) return
  }
  throw new StartFailed(`PostgreSQL (process ${pid}) can't be stopped.`, await tailOf(site.log, 0))
}

async function sendSignal(pid: number, signal: "INT" | "QUIT" | "KILL", binaries: Binaries): Promise<void> {
  // Windows has no signals; pg_ctl sends them through a pipe.
  const send =
    process.platform === "win32"
      ? promisify(execFile)(binaries.pgCtl, ["kill", signal, String(pid)])
      : Promise.resolve().then(() => process.kill(pid, `SIG${signal}`))
  await send.catch(() => {}) // already gone
}
