import { execFileSync } from "node:child_process"
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import { afterAll, describe, expect, test } from "vitest"
import { startEmbeddedPostgres } from "../../src/embedded/postgres/index.ts"
import { isAlive } from "../../src/embedded/postgres/processes.ts"
import { until } from "../../tools/lib/until.ts"
import { gone, holdPostgres, query, run, tempFolder, testFolder } from "./programs.ts"

const QUICK = { fsync: "off" }
const hold = new URL("./fixtures/hold-postgres.ts", import.meta.url).pathname
const DIE_IN_INITDB = new URL("./fixtures/die-in-initdb.mjs", import.meta.url).pathname

describe("on one data folder", () => {
  const dataDir = tempFolder()
  const start = () => startEmbeddedPostgres({ dataDir, settings: QUICK })
  afterAll(() => rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 }))

  test("a first start creates a UTF-8 database and says that it takes a while", async () => {
    const said: string[] = []
    const postgres = await startEmbeddedPostgres({
      dataDir,
      settings: QUICK,
      onProgress: (line) => said.push(line),
    })
    const [row] = await query(postgres.url, "SELECT lower('ÄÉ') AS low, current_database() AS name")
    await query(postgres.url, "CREATE TABLE kept AS SELECT 'as it was' AS word")
    await postgres.stop()
    expect(row).toEqual({ low: "äé", name: "app" })
    expect(said[0]).toContain("first start")
    expect(postgres.adopted).toBe(false)
  })

  test("a second start finds the data, quietly, on a port of 127.0.0.1 only", async () => {
    const said: string[] = []
    const postgres = await startEmbeddedPostgres({ dataDir, onProgress: (line) => said.push(line) })
    const [row] = await query(
      postgres.url,
      "SELECT word, current_setting('listen_addresses') AS at FROM kept",
    )
    const sockets = await query(postgres.url, "SHOW unix_socket_directories")
    await postgres.stop()
    expect(row).toEqual({ word: "as it was", at: "127.0.0.1" })
    expect(sockets[0]).toEqual({ unix_socket_directories: "" })
    expect(said).toEqual([])
  })

  test("stop leaves no process, cuts open sessions, and may be called twice", async () => {
    const postgres = await start()
    const sleeper = query(postgres.url, "SELECT pg_sleep(60)").catch((error) => error.code)
    await until(
      "the sleeper runs",
      async () =>
        (await query(postgres.url, "SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep'")).length,
    )
    await Promise.all([postgres.stop(), postgres.stop()])
    expect(await sleeper).toBe("57P01")
    expect(isAlive(postgres.pid)).toBe(false)
    expect(processesOn(dataDir)).toEqual([])
  })

  test("the password is in a file for its owner only, and a wrong one is refused", async () => {
    const postgres = await start()
    const wrong = await query(postgres.url.replace(/:[^:@]+@/, ":wrong@"), "SELECT 1").catch(
      (error) => error.code,
    )
    await postgres.stop()
    const file = join(dataDir, "postgres", "password")
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readFileSync(file, "utf8").length).toBeGreaterThanOrEqual(32)
    expect(statSync(join(dataDir, "postgres", "cluster")).mode & 0o777).toBe(0o700)
    expect(wrong).toBe("28P01")
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
    expect(await query(postgres.url, "SELECT 1 AS one")).toEqual([{ one: 1 }])
    await postgres.stop()
  })

  test("an instance that starts while another stops waits for it", async () => {
    const first = await holdPostgres(dataDir)
    first.program.child.kill("SIGTERM")
    await first.program.line("stopping")
    const postgres = await start()
    expect(await query(postgres.url, "SELECT word FROM kept")).toHaveLength(1)
    expect(postgres.pid).not.toBe(first.pid)
    await postgres.stop()
  })

  test("a server killed with its instance is recovered", async () => {
    const held = await holdPostgres(dataDir)
    held.program.child.kill("SIGKILL")
    process.kill(held.pid, "SIGKILL")
    await gone(held.pid)
    const postgres = await start()
    expect(postgres.adopted).toBe(false)
    expect(await query(postgres.url, "SELECT word FROM kept")).toHaveLength(1)
    await postgres.stop()
  })

  test.each([
    ["a process that is gone", 4_000_000],
    ["a living process that is no PostgreSQL", process.pid],
  ])("a stale postmaster.pid that names %s doesn't matter", async (_, pid) => {
    const file = join(dataDir, "postgres", "cluster", "postmaster.pid")
    writeFileSync(
      file,
      `${pid}\n${join(dataDir, "postgres", "cluster")}\n1700000000\n5432\n\n127.0.0.1\n\nready\n`,
    )
    const postgres = await start()
    expect(postgres.adopted).toBe(false)
    await postgres.stop()
  })

  test("an empty postmaster.pid of a crash doesn't matter", async () => {
    const file = join(dataDir, "postgres", "cluster", "postmaster.pid")
    writeFileSync(file, "")
    utimesSync(file, 1_700_000_000, 1_700_000_000)
    const postgres = await start()
    await postgres.stop()
  })

  test("a port taken by others doesn't matter", async () => {
    const before = await start()
    await before.stop()
    const server = createServer().listen(before.port, "127.0.0.1")
    const postgres = await start()
    expect(postgres.port).not.toBe(before.port)
    await postgres.stop()
    server.close()
  })

  test("a bad setting is an error with the end of the log", async () => {
    const failed = startEmbeddedPostgres({ dataDir, settings: { shared_buffers: "nonsense" } })
    await expect(failed).rejects.toMatchObject({
      code: "EMBEDDED_POSTGRES_START",
      logTail: expect.stringContaining("shared_buffers"),
    })
  })

  test("a cluster of another major version is refused, and stays", async () => {
    const file = join(dataDir, "postgres", "cluster", "PG_VERSION")
    writeFileSync(file, "17\n")
    await expect(start()).rejects.toMatchObject({ code: "EMBEDDED_POSTGRES_CLUSTER" })
    writeFileSync(file, "18\n")
    const postgres = await start()
    expect(await query(postgres.url, "SELECT word FROM kept")).toHaveLength(1)
    await postgres.stop()
  })

  test("an aborted start leaves no process", async () => {
    const abort = AbortSignal.timeout(5)
    const postgres = startEmbeddedPostgres({ dataDir, signal: abort })
    await expect(postgres).rejects.toMatchObject({ name: "TimeoutError" })
    expect(processesOn(dataDir)).toEqual([])
  })
})

test("an initdb killed half way is done again, and its remains are removed", async () => {
  const dataDir = testFolder()
  // It dies as soon as it sees that initdb is half way: from here that may be seen too late.
  const first = run(["--import", DIE_IN_INITDB, hold, dataDir])
  await first.ended
  await until("the orphaned initdb has ended", () => processesOn(dataDir).length === 0)
  expect(existsSync(join(dataDir, "postgres"))).toBe(false)
  expect(staging(dataDir)).toHaveLength(1)

  const postgres = await startEmbeddedPostgres({ dataDir, settings: QUICK })
  expect(await query(postgres.url, "SELECT 1 AS one")).toEqual([{ one: 1 }])
  expect(staging(dataDir)).toEqual([])
  await postgres.stop()
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
  await expect(startEmbeddedPostgres({ dataDir })).rejects.toMatchObject({
    code: "EMBEDDED_POSTGRES_CLUSTER",
  })
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
