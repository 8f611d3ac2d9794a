import { waitForPostgres } from "./config/postgres-ready.ts"
import { createContext } from "./context.ts"
import { startEmbedded } from "./embedded/index.ts"
import type { Process } from "./lifecycle.ts"
import { listen } from "./listen.ts"
import { migrate } from "./models/migrate.ts"
import { workerRows } from "./routes/system.routes.ts"
import { startBillingWorker } from "./services/billing/billing-worker.ts"
import { startWorker } from "./services/generation/worker.ts"
import { announceStart, announceWait, say } from "./start-screen.ts"
import { startWatchdog } from "./watchdog/index.ts"

/** Starts everything that the configured role asks for, and says so. */
export async function serve({ config: given, log, stack, signal, fail }: Process): Promise<void> {
  const embedded = await startEmbedded(given, say, { signal })
  stack.defer(() => embedded.stop())
  const { config } = embedded
  await waitForPostgres(config.database.url, { onWait: (why) => announceWait(log, config, why), signal })
  await migrate(config.database.url)
  const owned = await createContext(config, log)
  stack.defer(() => owned.close())
  if (config.role !== "api") {
    const store = { redisUrl: config.redis.url, databaseUrl: config.database.url }
    const billing = await startBillingWorker(owned.ctx, store)
    stack.defer(() => billing.close())
    const patienceMs = config.worker.watchdogMs
    const watchdog = patienceMs === null ? null : startWatchdog({ patienceMs, log, onWedged: fail })
    const worker = await startWorker(owned.ctx, store, watchdog?.beat)
    stack.defer(() => worker.close())
    // Undone before the worker is: while that stops, its loops rest.
    stack.defer(() => watchdog?.close())
  }
  // Undone first: whatever is in the middle of something long learns that it is to end.
  stack.defer(() => owned.beginToStop())
  if (config.role === "worker") {
    const { workerPort: port } = config.metrics
    if (port !== null) {
      const listening = await listen(owned, { rows: workerRows, port })
      stack.defer(() => listening.close())
      log.info({ url: listening.url }, "figures and liveness are served")
    }
    return announceStart(log, embedded, null)
  }
  const listening = await listen(owned)
  stack.defer(() => listening.close())
  await embedded.announce(listening.url)
  announceStart(log, embedded, listening.url)
}
