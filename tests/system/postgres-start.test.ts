import { once } from "node:events"
import { type AddressInfo, connect, createServer } from "node:net"
import { expect, inject, test } from "vitest"
import { PostgresUnfit, waitForPostgres } from "../../src/config/postgres-ready.ts"
import { openDatabase, startProcess, testStack } from "./kit.ts"
import { query } from "./programs.ts"

const never = new AbortController().signal

/** A way to the tests' PostgreSQL that `refuses` closes, as a server does that recovers, and that `edit` rewrites. */
async function openWay(
  stack: AsyncDisposableStack,
  url: string,
  { refuses = () => false, edit = (data) => data }: { refuses?(): boolean; edit?(data: Buffer): Buffer },
): Promise<string> {
  const { hostname, port } = new URL(url)
  const server = createServer((client) => {
    client.on("error", () => undefined)
    if (refuses()) return void client.once("data", () => client.end(recovering()))
    const upstream = connect(Number(port), hostname)
    upstream.on("error", () => client.destroy())
    client.pipe(upstream)
    upstream.on("data", (data) => client.write(edit(data))).on("close", () => client.end())
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  stack.defer(() => void server.close())
  return Object.assign(new URL(url), { host: `127.0.0.1:${(server.address() as AddressInfo).port}` }).href
}

const startServer = (stack: AsyncDisposableStack, url: string) =>
  startProcess(stack, { entry: "src/server.ts", env: { DATABASE_URL: url } })

/** https://www.postgresql.org/docs/current/protocol-message-formats.html, ErrorResponse */
function recovering(): Buffer {
  const fields = Buffer.from("SFATAL\0C57P03\0Mthe database system is in recovery mode\0\0")
  const length = Buffer.alloc(4)
  length.writeInt32BE(fields.length + 4)
  return Buffer.concat([Buffer.from("E"), length, fields])
}

test("a start waits for a PostgreSQL that recovers, says so, and goes on", async () => {
  const stack = testStack()
  let recovers = true
  const url = await openWay(stack, await openDatabase(stack), { refuses: () => recovers })
  const child = await startServer(stack, url)
  await child.printed("PostgreSQL isn't ready yet (the database system is in recovery mode). Waiting")
  recovers = false
  await child.printed("Listening on")
  expect(await child.kill("SIGTERM")).toMatchObject({ code: 0 })
})

test("a start that waits for PostgreSQL ends at once when it is told to", async () => {
  const stack = testStack()
  const child = await startServer(stack, await openWay(stack, inject("databaseUrl"), { refuses: () => true }))
  await child.printed("Waiting …")
  expect(await child.kill("SIGTERM")).toEqual({ code: 0, signal: null })
})

test("patience ends, with a sentence that names the place and no secret", async () => {
  const url = "postgres://somebody:a-secret-word@127.0.0.1:1/chat"
  const waits: string[] = []
  const failed = waitForPostgres(url, { onWait: (why) => waits.push(why), signal: never, timeoutMs: 500 })
  await expect(failed).rejects.toThrow(
    /^The database "chat" at 127\.0\.0\.1:1 isn't ready after 0\.5 s: ECONNREFUSED\. Check DATABASE_URL\.$/,
  )
  await expect(failed).rejects.toBeInstanceOf(PostgresUnfit)
  expect(waits).toEqual(["ECONNREFUSED"])
})

const elsewhere = (change: Partial<URL>) => Object.assign(new URL(inject("databaseUrl")), change)

test.each([
  ["isn't there", { pathname: "/no_such_database" }, 'database "no_such_database" does not exist'],
  ["has another password", { password: "wrong" }, /password authentication failed for user "\w+"/],
  ["asks for a password", { password: "" }, "it asks for a password, and the URL has none"],
  ["is on a host that has no address", { hostname: "nowhere.invalid" }, /ENOTFOUND|EAI_AGAIN/],
  ["offers no TLS", { search: "?sslmode=verify-full" }, "The server does not support SSL connections"],
])("a database that %s is told at once, with its host and name", async (_, change, why) => {
  const { href, host, pathname } = elsewhere(change)
  const failed = waitForPostgres(href, { onWait: () => undefined, signal: never, timeoutMs: 0 })
  await expect(failed).rejects.toBeInstanceOf(PostgresUnfit)
  await expect(failed).rejects.toThrow(`The database "${pathname.slice(1)}" at ${host}`)
  await expect(failed).rejects.toThrow(why)
  await expect(failed).rejects.toThrow(/\. Check DATABASE_URL\.$/)
})

test("a database that can't store every text is refused", async () => {
  const stack = testStack()
  await query(inject("databaseUrl"), "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
  stack.defer(async () => void (await query(inject("databaseUrl"), "DROP DATABASE latin")))
  const { href } = elsewhere({ pathname: "/latin" })
  await expect(waitForPostgres(href, { onWait: () => expect.unreachable(), signal: never })).rejects.toThrow(
    /^The database "latin" at \S+ stores text as LATIN1, .* Create it with ENCODING 'UTF8'\.$/,
  )
})

test("a PostgreSQL older than 14 is refused, and both versions are named", async () => {
  const stack = testStack()
  const [row] = await query(inject("databaseUrl"), "SHOW server_version_num")
  const actual = String(row?.server_version_num)
  const edit = (data: Buffer) => Buffer.from(data.toString("latin1").replaceAll(actual, "130009"), "latin1")
  const child = await startServer(stack, await openWay(stack, inject("databaseUrl"), { edit }))
  expect((await child.ended).code).toBe(1)
  expect(child.output()).toContain(
    "PostgreSQL 13.9 at DATABASE_URL is too old. Version 14 or later is required.",
  )
  expect(child.output()).not.toMatch(/^\s+at /m)
})
