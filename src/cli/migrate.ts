import { readFlags } from "../boot/command-line.ts"
import { runProcess } from "../boot/lifecycle.ts"
import { announceWait, say } from "../boot/start-screen.ts"
import { waitForPostgres } from "../config/postgres-ready.ts"
import { startDatabase } from "../embedded/index.ts"
import { migrate } from "../models/migrate.ts"

readFlags(`Usage: npm run migrate

Brings the schema of DATABASE_URL, or of the embedded database, up to date. It takes no arguments. Safe to run at any
time; without it the first process that starts does the same.
`)
await runProcess(async ({ config, log, stack, signal, stop }) => {
  const database = await startDatabase(config, say, { signal })
  stack.defer(() => database.stop())
  const { pooler } = config.database
  await waitForPostgres(database.url, { onWait: (why) => announceWait(log, config, why), signal, pooler })
  const applied = await migrate(database.url, pooler)
  say(applied.length === 0 ? "The database is up to date." : `Applied: ${applied.join(", ")}`)
  stop()
})
