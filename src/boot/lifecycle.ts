import { type Config, ConfigInvalid, loadConfig } from "../config/env.ts"
import { createLogger, type Logger } from "../config/logger.ts"
import { secretsOf } from "../config/secrets.ts"
import { TIMING } from "../config/timing.ts"

export interface Process {
  config: Config
  log: Logger
  /** What is put on it is undone when the process stops, the last first. */
  stack: AsyncDisposableStack
  /** Aborts when the process is told to stop: whoever waits during the start gives up. */
  signal: AbortSignal
  /** For a process that has done its work. */
  stop(): void
  /** For one that can't do its work: it stops in order, and ends with code 1. */
  fail(): void
}

/**
 * The life of a process: `start` builds it up, SIGINT or SIGTERM takes it down in reverse order, within ten seconds.
 * A second signal ends it at once. `fixed` holds variables that the entry point sets itself. What goes wrong at the
 * start is said in a sentence, without a stack where it is the operator's to mend.
 */
export async function runProcess(
  start: (process: Process) => Promise<void>,
  fixed: Record<string, string> = {},
): Promise<void> {
  const stopped = Promise.withResolvers<void>()
  const stopping = new AbortController()
  let askedAt: number | undefined
  const stop = () => {
    if (askedAt !== undefined && performance.now() - askedAt > TIMING.shutdown.signalEchoMs) process.exit(1)
    askedAt ??= performance.now()
    stopping.abort()
    stopped.resolve()
  }
  const fail = () => {
    process.exitCode = 1
    stop()
  }
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop)
  try {
    const config = loadConfig(fixed)
    const log = createLogger(config.logLevel, undefined, secretsOf(config))
    // A fault that nobody caught: log it and stop in order, rather than go on in an unknown state.
    process.on("uncaughtException", (err) => {
      log.fatal({ err }, "uncaught error")
      fail()
    })
    const stack = new AsyncDisposableStack()
    try {
      await start({ config, log, stack, signal: stopping.signal, stop, fail })
      await stopped.promise
    } catch (error) {
      // Reported before the take-down, which may be cut off. What a start runs into once it is told to give up is of no
      // interest.
      if (!stopping.signal.aborted) report(error)
    }
    await takeDown(stack, log)
  } catch (error) {
    report(error)
  }
  process.exit()
}

function report(error: unknown): void {
  process.stderr.write(`\n${explain(error)}\n\n`)
  process.exitCode = 1
}

async function takeDown(stack: AsyncDisposableStack, log: Logger): Promise<void> {
  const cutOff = setTimeout(() => {
    log.error("stopping took too long; what is left is cut off")
    process.exit(1)
  }, TIMING.shutdown.cutOffMs)
  await stack.disposeAsync()
  clearTimeout(cutOff)
}

/** Errors with a code, of the system or our own, say what is wrong by themselves. */
function explain(error: unknown): string {
  if (error instanceof ConfigInvalid) return error.message
  if (!(error instanceof Error)) return String(error)
  const { code, port, address } = error as NodeJS.ErrnoException & { port?: number; address?: string }
  if (code === "EADDRINUSE")
    return `Port ${port} is taken on ${address}. Stop what listens there, or set PORT to another one.`
  if (code === "EACCES" && port)
    return `Port ${port} may not be used by this account. Set PORT to one above 1023.`
  if (
    code === "ENOTFOUND" &&
    (error as NodeJS.ErrnoException).syscall === "getaddrinfo" &&
    port === undefined
  )
    return `The address of a host can't be found: ${error.message}. Is HOST or DATABASE_URL right?`
  if (code === "ECONNREFUSED") return `The database can't be reached (${code}). Is DATABASE_URL right?`
  return code ? error.message : (error.stack ?? error.message)
}
