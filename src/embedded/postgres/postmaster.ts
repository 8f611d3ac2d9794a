import { type ChildProcess, execFile, spawn } from "node:child_process"
import { closeSync, openSync } from "node:fs"
import { createServer } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"
import { promisify } from "node:util"
import type pg from "pg"
import { TIMING } from "../../config/timing.ts"
import { SECOND } from "../../utils/time.ts"
import { cleanEnvironment } from "./account.ts"
import type { Binaries } from "./binaries.ts"
import type { Site } from "./cluster.ts"
import { tryConnect } from "./connection.ts"
import { blameFullDisk } from "./disk.ts"
import { StartFailed } from "./errors.ts"
import { boundLog, sizeOf, tailOf } from "./log-file.ts"
import { findPostmaster, isPostmasterOf } from "./pid-file.ts"
import { hasEnded } from "./processes.ts"
import { settingArguments } from "./settings.ts"

/** A postmaster that answers, with the connection that showed it. */
export type Postmaster = { pid: number; port: number; adopted: boolean; client: pg.Client }

export type Acquire = {
  site: Site
  binaries: Binaries
  settings: Record<string, string>
  onProgress: (line: string) => void
  signal?: AbortSignal | undefined
}

const MAX_STARTS = 5

/**
 * Adopts the postmaster that runs on the cluster, or starts one. Waits for one that is starting, recovering
 * or shutting down. Throws StartFailed, DiskFull, ClusterUnusable.
 */
export async function acquirePostmaster(options: Acquire): Promise<Postmaster> {
  const wait = backOff(options)
  for (let starts = 0; ; ) {
    const running = await findPostmaster(options.site.cluster)
    if (running) {
      const client = running.port && (await tryConnect({ ...options.site, port: running.port }))
      if (client && running.port) return { pid: running.pid, port: running.port, adopted: true, client }
      await wait()
      continue
    }
    starts += 1
    const started = await startPostmaster(options, wait, starts === MAX_STARTS)
    if (started) return started
  }
}

/** Undefined: it ended because another postmaster or a stranger on its port was faster; look again. */
async function startPostmaster(options: Acquire, wait: () => Promise<void>, isLast: boolean) {
  const { site } = options
  const port = await freePort()
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
  if (!isLast && !ended.error && ((await findPostmaster(site.cluster)) || !(await isFree(port))))
    return undefined
  const error = new StartFailed(
    `PostgreSQL did not start (${ended.why}); its log is ${site.log}.`,
    await tailOf(site.log, logStart),
    ended.error,
  )
  await blameFullDisk(site.home, error)
  throw error
}

/**
 * In a session of its own, that a Ctrl-C reaches the application first, and with files for its output, that
 * it outlives a killed application.
 */
function spawnPostgres({ site, binaries, settings }: Acquire, port: number): ChildProcess {
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
  return child
}

function watch(child: ChildProcess) {
  const ended: { done: boolean; why: string; error?: Error } = { done: false, why: "" }
  child.once("exit", (code, signal) =>
    Object.assign(ended, { done: true, why: signal ?? `exit code ${code}` }),
  )
  child.once("error", (error) => Object.assign(ended, { done: true, why: error.message, error }))
  return ended
}

/** One step of waiting: throws when it took too long or was aborted, and says so once when it's slow. */
function backOff({ site, onProgress, signal }: Acquire): () => Promise<void> {
  const started = performance.now()
  let reported = false
  return async () => {
    signal?.throwIfAborted()
    const waited = performance.now() - started
    if (waited > TIMING.embedded.postgresReadyMs) {
      throw new StartFailed(
        `PostgreSQL did not answer within ${TIMING.embedded.postgresReadyMs / SECOND} s.`,
        await tailOf(site.log, 0),
      )
    }
    if (waited > TIMING.embedded.slowStartMs && !reported) {
      reported = true
      onProgress("Waiting for PostgreSQL: it recovers from a crash, or is still shutting down.")
    }
    await sleep(TIMING.embedded.pollMs)
  }
}

/**
 * Ends a postmaster with all its processes: orderly at first, by force after some seconds. Sessions are cut
 * at once (PostgreSQL's "fast" shutdown). Ends quietly when it's gone already.
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
  // Windows has no signals; PostgreSQL's own tool hands them over through a pipe.
  const send =
    process.platform === "win32"
      ? promisify(execFile)(binaries.pgCtl, ["kill", signal, String(pid)])
      : Promise.resolve().then(() => process.kill(pid, `SIG${signal}`))
  await send.catch(() => {}) // gone in between
}

async function freePort(): Promise<number> {
  const server = await listen(0)
  const address = server.address()
  await new Promise((done) => server.close(done))
  if (address === null || typeof address === "string") throw new Error("a TCP server has a port")
  return address.port
}

async function isFree(port: number): Promise<boolean> {
  return listen(port).then(
    (server) => new Promise<boolean>((done) => server.close(() => done(true))),
    () => false,
  )
}

async function listen(port: number) {
  const server = createServer()
  await new Promise<void>((done, failed) => server.once("error", failed).listen(port, "127.0.0.1", done))
  return server
}
