/** What a process is made of beside its API (`listen.ts`). It is loaded while PostgreSQL starts, which takes as long. */
export { retryOnPostgres, waitForPostgres } from "../config/postgres-ready.ts"
export { migrate } from "../models/migrate.ts"
export { startBillingWorker } from "../services/billing/billing-worker.ts"
export { startWorker } from "../services/replies/worker/worker.ts"
export { createContext } from "./context.ts"
export { startWatchdog } from "./watchdog/index.ts"
