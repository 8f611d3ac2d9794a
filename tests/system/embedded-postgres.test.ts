import { execFileSync } from "node:child_process"
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import { afterAll, describe, expect, onTestFinished, test } from "vitest"
import { type StartEmbeddedPostgres, startEmbeddedPostgres } from "../../src/embedded/postgres/index.ts"
import { isAlive } from "../../src/embedded/postgres/processes.ts"
import { until } from "../../tools/lib/until.ts"
import { fixture, gone, holdPostgres, query, run, testFolder } from "./programs.ts"

const hold = fixture("hold-postgres.ts")

/** Starts a PostgreSQL that is stopped after the test at the latest. */
async function startOn(dataDir: string, more: Partial<StartEmbeddedPostgres> = {}) {
  const postgres = await startEmbeddedPostgres({ dataDir, settings: { fsync: "off" }, ...more })
  onTestFinished(() => postgres.stop())
  return postgres
}

describe("on one data folder", () => {
  const dataDir = testFolder(afterAll)
  const cluster = join(dataDir, "postgres", "cluster")
  const start = (more: Partial<StartEmbeddedPostgres> = {}) => startOn(dataDir, more)

  async function expectDataKept({ url }: { url: string }): Promise<void> {
    expect(await query(url, "SELECT word FROM kept")).toEqual([{ word: "as it was" }])
  }

  test("a first start creates a UTF-8 database and says that it takes a while", async () => {
    const said: string[] = []
    const postgres = await start({ onProgress: (line) => said.push(line) })
    const [row] = await query(postgres.url, "SELECT lower('ÄÉ') AS low, current_database() AS name")
    await query(postgres.url, "CREATE TABLE kept AS SELECT 'as it was' AS word")
    expect(row).toEqual({ low: "äé", name: "app" })
    expect(said[0]).toContain("first start")
    expect(postgres.adopted).toBe(false)
  })

  test("a second start finds the data, quietly, on a port of 127.0.0.1 only", async () => {
    const said: string[] = []
    const postgres = await start({ settings: {}, onProgress: (line) => said.push(line) })
    await expectDataKept(postgres)
    expect(await query(postgres.url, "SHOW listen_addresses")).toEqual([{ listen_addresses: "127.0.0.1" }])
    const sockets = await query(postgres.url, "SHOW unix_socket_directories")
    expect(sockets).toEqual([{ unix_socket_directories: "" }])
    expect(said).toEqual([])
  })

  test("stop leaves no process, cuts open sessions, and may be called twice", async () => {
    const postgres = await start()
    const sleeper = query(postgres.url, "SELECT pg_sleep(60)").catch((error) => error.code)
    const sleepers = "SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    await until("the sleeper runs", async () => (await query(postgres.url, sleepers)).length)
    await Promise.all([postgres.stop(), postgres.stop()])
    expect(await sleeper).toBe("57P01")
    expect(isAlive(postgres.pid)).toBe(false)
    expect(processesOn(dataDir)).toEqual([])
  })

  test("the password is in a file for its owner only, and a wrong one is refused", async () => {
    const postgres = await start()
    const wrong = query(postgres.url.replace(/:[^:@]+@/, ":wrong@"), "SELECT 1")
    await expect(wrong).rejects.toMatchObject({ code: "28P01" })
    const file = join(dataDir, "postgres", "password")
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readFileSync(file, "utf8").length).toBeGreaterThanOrEqual(32)
    expect(statSync(cluster).mode & 0o777).toBe(0o700)
  })

  test("the server of a killed instance is adopted, and stopped by its adopter", async () => {
    const held = await holdPostgres(dataDir)
    held.program.child.kill("SIGKILL")
    await held.program.ended
    expect(isAlive(held.pid)).toBe(true)
    const postgres = await start()
    expect(postgres).toMatchObject({ adopted: true, pid: held.pid, port: held.port })
    await postgres.stop()
    expect(processesOn(dataDir)).toEqual([])
  })

  test("a second live instance is refused and names the first, which goes on", async () => {
    const postgres = await start()
    const second = run([hold, dataDir])
    expect(await second.ended).toEqual({ code: 1, signal: null })
    expect(second.errors()).toContain("EMBEDDED_POSTGRES_IN_USE")
    expect(second.errors()).toContain(`process ${process.pid}`)
    await expectDataKept(postgres)
  })

  test("an instance that starts while another stops waits for it", async () => {
    const first = await holdPostgres(dataDir)
    first.program.child.kill("SIGTERM")
    await first.program.line("stopping")
    const postgres = await start()
    await expectDataKept(postgres)
    expect(postgres.pid).not.toBe(first.pid)
  })

  test("a server killed with its instance is recovered", async () => {
    const held = await holdPostgres(dataDir)
    held.program.child.kill("SIGKILL")
    process.kill(held.pid, "SIGKILL")
    await gone(held.pid)
    const postgres = await start()
    expect(postgres.adopted).toBe(false)
    await expectDataKept(postgres)
  })

  const postmaster = (pid: number) => `${pid}\n${cluster}\n1700000000\n5432\n\n127.0.0.1\n\nready\n`
  test.each([
    ["names a process that is gone", postmaster(4_000_000)],
    ["names a living process that is no PostgreSQL", postmaster(process.pid)],
    ["a crash left empty", ""],
  ])("a postmaster.pid that %s doesn't matter", async (_, content) => {
    const file = join(cluster, "postmaster.pid")
    writeFileSync(file, content)
    utimesSync(file, 1_700_000_000, 1_700_000_000)
    expect((await start()).adopted).toBe(false)
  })

  test("a port taken by others doesn't matter", async () => {
    const before = await start()
    await before.stop()
    const server = createServer().listen(before.port, "127.0.0.1")
    expect((await start()).port).not.toBe(before.port)
    server.close()
  })

  test("a bad setting is an error with the end of the log", async () => {
    await expect(start({ settings: { shared_buffers: "nonsense" } })).rejects.toMatchObject({
      code: "EMBEDDED_POSTGRES_START",
      logTail: expect.stringContaining("shared_buffers"),
    })
  })

  test("a cluster of another major version is refused, and stays", async () => {
    const file = join(cluster, "PG_VERSION")
    writeFileSync(file, "17\n")
    await expect(start()).rejects.toMatchObject({ code: "EMBEDDED_POSTGRES_CLUSTER" })
    writeFileSync(file, "18\n")
    await expectDataKept(await start())
  })

  test("an aborted start leaves no process", async () => {
    const aborted = start({ settings: {}, signal: AbortSignal.timeout(5) })
    await expect(aborted).rejects.toMatchObject({ name: "TimeoutError" })
    expect(processesOn(dataDir)).toEqual([])
  })
})

test("an initdb killed half way is done again, and its remains are removed", async () => {
  const dataDir = testFolder()
  // It dies as soon as it sees that initdb is half way: from here that may be seen too late.
  await run(["--import", fixture("die-in-initdb.mjs"), hold, dataDir]).ended
  await until("the orphaned initdb has ended", () => processesOn(dataDir).length === 0)
  expect(existsSync(join(dataDir, "postgres"))).toBe(false)
  expect(staging(dataDir)).toHaveLength(1)

  const postgres = await startOn(dataDir)
  expect(await query(postgres.url, "SELECT 1 AS one")).toEqual([{ one: 1 }])
  expect(staging(dataDir)).toEqual([])
})

test("of two first starts at once one runs and the other is refused", async () => {
  const dataDir = testFolder()
  const both = [run([hold, dataDir]), run([hold, dataDir])] as const
  const loser = await Promise.race(both.map(async (program) => ({ program, ...(await program.ended) })))
  expect(loser.code).toBe(1)
  expect(loser.program.errors()).toContain("EMBEDDED_POSTGRES_IN_USE")
  const winner = both[0] === loser.program ? both[1] : both[0]
  await winner.line("{")
  winner.child.kill("SIGTERM")
  expect(await winner.ended).toEqual({ code: 0, signal: null })
  expect(processesOn(dataDir)).toEqual([])
})

test("a folder with something else in it is left alone", async () => {
  const dataDir = testFolder()
  mkdirSync(join(dataDir, "postgres"))
  writeFileSync(join(dataDir, "postgres", "precious"), "")
  await expect(startOn(dataDir)).rejects.toMatchObject({ code: "EMBEDDED_POSTGRES_CLUSTER" })
  expect(readdirSync(join(dataDir, "postgres"))).toEqual(["precious"])
})

function staging(dataDir: string): string[] {
  return readdirSync(dataDir).filter((name) => name.startsWith("postgres.new-"))
}

/** The processes that have the folder in their command line, but for ourselves and our instances. */
function processesOn(dataDir: string): string[] {
  const all = execFileSync("ps", ["-eo", "stat=,command="], { encoding: "utf8" }).split("\n")
  return all.filter(
    (line) => line.includes(dataDir) && !line.startsWith("Z") && !line.includes("hold-postgres"),
  )
}
