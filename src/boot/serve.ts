import type { Config } from "../config/env.ts"
import { TIMING, type Timing } from "../config/timing.ts"
import { startEmbedded } from "../embedded/index.ts"
import { giveMemoryBack } from "./idle-memory.ts"
import type { Process } from "./lifecycle.ts"
import { announceStart, announceWait, say, warnOfFewConnections } from "./start-screen.ts"

/** Starts everything that the configured role needs and announces it. */
export async function serve(
  { config: given, log, stack, signal, fail }: Process,
  timing: Timing = TIMING,
): Promise<void> {
  stack.defer(giveMemoryBack(timing.platform.scriptMs))
  const spawned = Promise.withResolvers<void>()
  const loading = spawned.promise.then(() => loadParts(given.role))
  loading.catch(() => undefined) // reported where it is awaited
  const embedded = await startEmbedded(given, say, { signal, onLost: fail, onSpawn: spawned.resolve })
  spawned.resolve() // nobody else does where PostgreSQL runs already
  stack.defer(() => embedded.stop())
  const [parts] = await loading
  const { createContext, migrate, retryOnPostgres, waitForPostgres } = parts
  const { config } = embedded
  const { url, pooler } = config.database
  const waiting = {
    onWait: (why: string) => announceWait(log, config, why),
    timeoutMs: timing.postgres.readyTimeoutMs,
    signal,
    pooler,
  }
  const connections = await waitForPostgres(url, waiting)
  warnOfFewConnections(log, config, connections)
  const busy = { ...waiting, connections }
  await retryOnPostgres(url, busy, () => migrate(url, pooler))
  const owned = await retryOnPostgres(url, busy, () => createContext(config, log, timing))
  stack.defer(() => owned.close())
  if (config.role !== "api") {
    if (config.stripe.enabled) {
      const billing = await parts.startBillingWorker(owned.ctx)
      stack.defer(() => billing.close())
    }
    const timeoutMs = config.worker.watchdogMs
    const watchdog =
      timeoutMs === null ? null : parts.startWatchdog({ timeoutMs, log, onWedged: () => fail() })
    const worker = await parts.startWorker(owned.ctx, watchdog?.beat)
    stack.defer(() => worker.close())
    // Closed before the worker, whose loops no longer beat while it stops.
    stack.defer(() => watchdog?.close())
  }
  // Runs first on shutdown, so that long waits end early.
  stack.defer(() => owned.beginShutdown())
  if (config.role === "worker") {
    const { workerPort: port } = config.metrics
    if (port !== null) {
      const { listen } = await import("./listen.ts")
      const { workerRows } = await import("../routes/system.routes.ts")
      const listening = await listen(owned, { rows: workerRows, port })
      stack.defer(() => listening.close())
      log.info({ url: listening.url }, "serving metrics and liveness")
    }
    return announceStart(log, embedded, null)
  }
  const { listen } = await import("./listen.ts")
  const listening = await listen(owned)
  stack.defer(() => listening.close())
  await embedded.announce(listening.url)
  announceStart(log, embedded, listening.url)
}

/** Loads the modules that the role needs. */
function loadParts(role: Config["role"]) {
  return Promise.all([import("./parts.ts"), role === "worker" ? null : import("./listen.ts")])
}
