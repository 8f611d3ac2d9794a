import { startDatabase } from "./embedded/index.ts"
import { runProcess } from "./lifecycle.ts"
import { migrate } from "./models/migrate.ts"
import { say } from "./start-screen.ts"

await runProcess(async ({ config, stack, stop }) => {
  const database = await startDatabase(config, say)
  stack.defer(() => database.stop())
  const applied = await migrate(database.url)
  say(applied.length === 0 ? "The database is up to date." : `Applied: ${applied.join(", ")}`)
  stop()
})
