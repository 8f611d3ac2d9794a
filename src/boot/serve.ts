import { retryOnPostgres, waitForPostgres } from "../config/postgres-ready.ts"
import { TIMING, type Timing } from "../config/timing.ts"
import { startEmbedded } from "../embedded/index.ts"
import { migrate } from "../models/migrate.ts"
import { startBillingWorker } from "../services/billing/billing-worker.ts"
import { startWorker } from "../services/replies/worker/worker.ts"
import { createContext } from "./context.ts"
import type { Process } from "./lifecycle.ts"
import { announceStart, announceWait, say, warnOfFewConnections } from "./start-screen.ts"
import { startWatchdog } from "./watchdog/index.ts"

/** Starts everything that the configured role needs and announces it. The API is loaded where there is one. */
export async function serve(
  { config: given, log, stack, signal, fail }: Process,
  timing: Timing = TIMING,
): Promise<void> {
  const embedded = await startEmbedded(given, say, { signal, onLost: fail })
  stack.defer(() => embedded.stop())
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
      const billing = await startBillingWorker(owned.ctx)
      stack.defer(() => billing.close())
    }
    const timeoutMs = config.worker.watchdogMs
    const watchdog = timeoutMs === null ? null : startWatchdog({ timeoutMs, log, onWedged: () => fail() })
    const worker = await startWorker(owned.ctx, watchdog?.beat)
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
