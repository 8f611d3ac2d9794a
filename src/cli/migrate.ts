import { runProcess } from "../boot/lifecycle.ts"
import { announceWait, say } from "../boot/start-screen.ts"
import { waitForPostgres } from "../config/postgres-ready.ts"
import { startDatabase } from "../embedded/index.ts"
import { migrate } from "../models/migrate.ts"

await runProcess(async ({ config, log, stack, signal, stop }) => {
  const database = await startDatabase(config, say, signal)
  stack.defer(() => database.stop())
  await waitForPostgres(database.url, { onWait: (why) => announceWait(log, config, why), signal })
  const applied = await migrate(database.url)
  say(applied.length === 0 ? "The database is up to date." : `Applied: ${applied.join(", ")}`)
  stop()
})
