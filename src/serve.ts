import { createContext } from "./context.ts"
import { startEmbedded } from "./embedded/index.ts"
import type { Process } from "./lifecycle.ts"
import { listen } from "./listen.ts"
import { migrate } from "./models/migrate.ts"
import { startWorker } from "./services/generation/worker.ts"
import { announceStart, say } from "./start-screen.ts"

/** Starts everything that the configured role asks for, and says so. */
export async function serve({ config: given, log, stack }: Process): Promise<void> {
  const embedded = await startEmbedded(given, say)
  stack.defer(() => embedded.stop())
  const { config } = embedded
  await migrate(config.database.url)
  const owned = await createContext(config, log)
  stack.defer(() => owned.close())
  if (config.role !== "api") {
    const worker = await startWorker(owned.ctx, {
      redisUrl: config.redis.url,
      databaseUrl: config.database.url,
    })
    stack.defer(() => worker.close())
  }
  // Undone first: whatever is in the middle of something long learns that it is to end.
  stack.defer(() => owned.beginToStop())
  if (config.role === "worker") return announceStart(log, embedded, null)
  const listening = await listen(owned)
  stack.defer(() => listening.close())
  announceStart(log, embedded, listening.url)
}
