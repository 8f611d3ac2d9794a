import { type Config, ConfigInvalid, loadConfig } from "../config/env.ts"
import { createLogger, type Logger } from "../config/logger.ts"
import { secretsOf } from "../config/secrets.ts"
import { TIMING } from "../config/timing.ts"
import type { UnknownName } from "../config/unknown-names.ts"
import { withAdminToken } from "./admin-token.ts"
import { announceStop } from "./start-screen.ts"

export interface Process {
  config: Config
  log: Logger
  /** Disposed of in reverse order when the process stops. */
  stack: AsyncDisposableStack
  /** Aborts when the process is asked to stop, so that waits during the start end. */
  signal: AbortSignal
  /** Stops a process that has finished its work. */
  stop(): void
  /** Stops the process gracefully with exit code 1. */
  fail(why?: Error): void
}

/**
 * Runs a process: `start` builds it up; SIGINT, SIGTERM or SIGHUP takes it down in reverse order within ten seconds. A
 * second signal exits at once. Start-up errors that an operator can fix are printed as a sentence without a stack.
 * @param fixed variables that the entry point sets itself
 */
export async function runProcess(
  start: (process: Process) => Promise<void>,
  fixed: Record<string, string> = {},
): Promise<void> {
  const { signal, stopped, stop } = stopOnSignals()
  const fail = (why?: Error) => {
    if (why) report(why)
    process.exitCode = 1
    stop()
  }
  try {
    const unknown: UnknownName[] = []
    const config = withAdminToken(loadConfig(fixed, (found) => unknown.push(found)))
    const log = createLogger(config.logLevel, undefined, secretsOf(config))
    for (const { name, nearest } of unknown) log.warn({ name, nearest }, "unknown name in .env")
    // The state is unknown after an uncaught error, so the process stops gracefully rather than going on.
    process.on("uncaughtException", (err) => {
      log.fatal({ err }, "uncaught error")
      fail()
    })
    onFirstSignal((name) => announceStop(log, config, name))
    const stack = new AsyncDisposableStack()
    try {
      await start({ config, log, stack, signal, stop, fail })
      await stopped
    } catch (error) {
      // Reported before the shutdown, which may be cut off. Once stopping, errors of the interrupted start don't matter.
      if (!signal.aborted) report(error)
    }
    await takeDown(stack, log)
  } catch (error) {
    report(error)
  }
  process.exit()
}

function stopOnSignals() {
  const { promise: stopped, resolve } = Promise.withResolvers<void>()
  const stopping = new AbortController()
  let since: number | undefined
  const stop = () => {
    if (since !== undefined && performance.now() - since > TIMING.shutdown.signalEchoMs) process.exit(1)
    since ??= performance.now()
    stopping.abort()
    resolve()
  }
  for (const name of SIGNALS) process.on(name, stop)
  return { signal: stopping.signal, stopped, stop }
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const

/** One Ctrl-C may arrive several times. */
function onFirstSignal(announce: (name: NodeJS.Signals) => void): void {
  const take = (name: NodeJS.Signals) => {
    for (const each of SIGNALS) process.off(each, take)
    announce(name)
  }
  for (const name of SIGNALS) process.on(name, take)
}

function report(error: unknown): void {
  process.stderr.write(`\n${explain(error)}\n\n`)
  process.exitCode = 1
}

async function takeDown(stack: AsyncDisposableStack, log: Logger): Promise<void> {
  const cutOff = setTimeout(() => {
    log.error("shutdown took too long; exiting")
    process.exit(1)
  }, TIMING.shutdown.cutOffMs)
  await stack.disposeAsync()
  clearTimeout(cutOff)
}

/** Errors with a code, the system's or our own, have a message that needs no stack. */
function explain(error: unknown): string {
  if (error instanceof ConfigInvalid) return error.message
  if (!(error instanceof Error)) return String(error)
  const { code, port, address } = error as NodeJS.ErrnoException & { port?: number; address?: string }
  if (code === "EADDRINUSE")
    return `Port ${port} on ${address} is already in use. Stop the program that uses it, or set PORT to another port.`
  if (code === "EACCES" && port)
    return `This account isn't allowed to use port ${port}. Set PORT to a port above 1023.`
  if (
    code === "ENOTFOUND" &&
    (error as NodeJS.ErrnoException).syscall === "getaddrinfo" &&
    port === undefined
  )
    return `A host name can't be resolved: ${error.message}. Check HOST and DATABASE_URL.`
  if (code === "ECONNREFUSED") return `The database can't be reached (${code}). Check DATABASE_URL.`
  return code ? error.message : (error.stack ?? error.message)
}
