import { existsSync } from "node:fs"
import { rm } from "node:fs/promises"
import { join, resolve } from "node:path"
import pg from "pg"
import { readFlags } from "../boot/command-line.ts"
import { type Process, runProcess } from "../boot/lifecycle.ts"
import { say } from "../boot/start-screen.ts"
import { startEmbeddedPostgres } from "../embedded/postgres/index.ts"

const flags = readFlags(
  `Usage: npm run reset [-- --yes]

Says what is in the embedded database. With --yes it deletes that database and the Stripe simulator's account; the next
start sets up new ones. A database that DATABASE_URL names is never touched.
`,
  ["--yes"],
)
await runProcess(reset)

/** Deletes the embedded database and the Stripe simulator's account, which an earlier version may have made; `--yes`
 * confirms. */
async function reset({ config, stack, signal, stop, fail }: Process): Promise<void> {
  const folder = join(resolve(config.dataDir), "postgres")
  if (config.database.url !== null) {
    say("DATABASE_URL is set, and this command empties the embedded database alone. Nothing was deleted.")
    return fail()
  }
  if (!existsSync(folder)) {
    say(`There is no database in ${folder}: nothing to delete.`)
    return stop()
  }
  const database = await startEmbeddedPostgres({ dataDir: config.dataDir, onProgress: say, signal })
  stack.defer(() => database.stop())
  const contents = await describe(database.url)
  if (!flags.has("--yes")) {
    say(
      `This would delete the database in ${folder}: ${contents}. It would also empty the Stripe simulator's account. To do that: npm run reset -- --yes`,
    )
    return fail()
  }
  await dropDatabase(database.url)
  await rm(join(config.dataDir, "stripe.json"), { force: true })
  say(`Deleted the database in ${folder}: ${contents}. The next start sets up a new one.`)
  stop()
}

/** Counts what its users would miss; the rest hangs on these. */
async function describe(url: string): Promise<string> {
  return withClient(url, async (client) => {
    const counts: string[] = []
    for (const table of ["users", "chatrooms", "messages"]) {
      const { rows } = await client.query("SELECT to_regclass($1) IS NOT NULL AS exists", [table])
      const found = rows[0].exists ? await client.query(`SELECT count(*)::int AS rows FROM ${table}`) : null
      counts.push(`${found?.rows[0].rows ?? 0} ${table}`)
    }
    return `${counts.join(", ")} and all that belongs to them`
  })
}

/** PostgreSQL drops no database from within. */
async function dropDatabase(url: string): Promise<void> {
  const outside = new URL(url)
  const name = outside.pathname.slice(1)
  outside.pathname = "/postgres"
  await withClient(outside.href, (client) =>
    client.query(`DROP DATABASE ${pg.escapeIdentifier(name)} WITH (FORCE)`),
  )
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
