/** The modules of a process other than its API (`listen.ts`), loaded while an embedded PostgreSQL starts. */
export { retryOnPostgres, waitForPostgres } from "../config/postgres-ready.ts"
export { migrate } from "../models/migrate.ts"
export { startBillingWorker } from "../services/billing/billing-worker.ts"
export { startWorker } from "../services/replies/worker/worker.ts"
export { createContext } from "./context.ts"
export { startWatchdog } from "./watchdog/index.ts"
