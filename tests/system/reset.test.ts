import { fileURLToPath } from "node:url"
import { expect, test } from "vitest"
import { startEmbeddedPostgres } from "../../src/embedded/postgres/index.ts"
import { migrate } from "../../src/models/migrate.ts"
import { query, run, testFolder } from "./programs.ts"

const RESET = fileURLToPath(new URL("../../src/cli/reset.ts", import.meta.url))

test("a database of an unknown history is left as it is, until npm run reset empties it", async () => {
  const dataDir = testFolder()
  const reset = async (args: string[], env: Record<string, string> = {}) => {
    const { ended, lines } = run([RESET, ...args], { DATA_DIR: dataDir, DATABASE_URL: "", ...env })
    const { code } = await ended
    return { code, said: lines.join("\n") }
  }
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

  expect(await reset([])).toMatchObject({
    code: 1,
    said: expect.stringMatching(/would delete.*1 users.*--yes/),
  })
  const elsewhere = { DATABASE_URL: "postgres://nobody@127.0.0.1:9/app" }
  expect(await reset(["--yes"], elsewhere)).toMatchObject({
    code: 1,
    said: expect.stringContaining("Nothing was deleted"),
  })
  await usingDatabase(async (url) => {
    expect(await query(url, "SELECT name FROM users")).toEqual([{ name: "Ada" }])
  })

  expect(await reset(["--yes"])).toMatchObject({ code: 0, said: expect.stringMatching(/^Deleted .*1 users/) })
  await usingDatabase(async (url) => {
    expect(await migrate(url)).toEqual(["0001-schema"])
    expect(await query(url, "SELECT count(*)::int AS users FROM users")).toEqual([{ users: 0 }])
  })
})

test("reset has nothing to delete where nothing was started", async () => {
  const dataDir = testFolder()
  const { ended, lines } = run([RESET, "--yes"], { DATA_DIR: dataDir, DATABASE_URL: "" })
  expect(await ended).toMatchObject({ code: 0 })
  expect(lines.join()).toContain("nothing to delete")
})
