import { startEmbedded } from "./embedded/index.ts"
import { runProcess } from "./lifecycle.ts"
import { migrate } from "./models/migrate.ts"
import { say } from "./start-screen.ts"

await runProcess(async ({ config, stack }) => {
  const embedded = await startEmbedded(config, say)
  stack.defer(() => embedded.stop())
  const applied = await migrate(embedded.config.database.url)
  say(applied.length === 0 ? "The database is up to date." : `Applied: ${applied.join(", ")}`)
  process.emit("SIGTERM")
})
