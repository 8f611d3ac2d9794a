import { existsSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { startEmbeddedPostgres } from "../../src/embedded/postgres/index.ts"
import { openStripeSimulator } from "../../src/embedded/stripe-simulator.ts"
import { migrate } from "../../src/models/migrate.ts"
import { query, ROOT, run, testFolder } from "./programs.ts"

async function reset(dataDir: string, args: string[], env: Record<string, string> = {}) {
  const entry = join(ROOT, "src/cli/reset.ts")
  const { ended, lines } = run([entry, ...args], { DATA_DIR: dataDir, DATABASE_URL: "", ...env })
  const { code } = await ended
  return { code, said: lines.join("\n") }
}

test("a database of an unknown history is left as it is, until npm run reset empties it", async () => {
  const dataDir = testFolder()
  const usingDatabase = async (work: (url: string) => Promise<void>) => {
    const postgres = await startEmbeddedPostgres({ dataDir })
    await work(postgres.url).finally(() => postgres.stop())
  }
  await usingDatabase(async (url) => {
    await query(url, "CREATE TABLE migrations (name text PRIMARY KEY)")
    await query(url, "INSERT INTO migrations VALUES ('0001-initial'), ('0002-cancel-and-fairness')")
    await query(url, "CREATE TABLE users AS SELECT 'Ada' AS name")
    await expect(migrate(url)).rejects.toThrow(
      /earlier version \(0001-initial, 0002-cancel.*`npm run reset`.*dump/,
    )
    expect(await query(url, "SELECT name FROM users")).toEqual([{ name: "Ada" }])
  })

  const expectReset = async (args: string[], env: Record<string, string>, code: number, said: RegExp) =>
    expect(await reset(dataDir, args, env)).toMatchObject({ code, said: expect.stringMatching(said) })
  await expectReset([], {}, 1, /would delete.*1 users.*--yes/)
  await expectReset(
    ["--yes"],
    { DATABASE_URL: "postgres://nobody@127.0.0.1:9/app" },
    1,
    /Nothing was deleted/,
  )
  await usingDatabase(async (url) => {
    expect(await query(url, "SELECT name FROM users")).toEqual([{ name: "Ada" }])
  })

  const account = join(dataDir, "stripe.json")
  writeFileSync(account, "{}")
  await expect(openStripeSimulator(dataDir)).rejects.toThrow(/stripe\.json can't be read.*npm run reset/)
  await expectReset(["--yes"], {}, 0, /^Deleted .*1 users/)
  expect(existsSync(account)).toBe(false)
  await usingDatabase(async (url) => {
    expect((await migrate(url))[0]).toBe("0001-schema")
    expect(await query(url, "SELECT count(*)::int AS users FROM users")).toEqual([{ users: 0 }])
  })
})

test("reset has nothing to delete where nothing was started", async () => {
  const said = expect.stringContaining("nothing to delete")
  expect(await reset(testFolder(), ["--yes"])).toEqual({ code: 0, said })
})
