import { expect, inject, test } from "vitest"
import { TIMING } from "../../src/config/timing.ts"
import { createQueuePool } from "../../src/services/platform/queue-store.ts"
import { createHttp } from "../../tools/lib/http.ts"
import { signIn, startTestApp } from "../helpers/app.ts"
import { ask, createRoom } from "../helpers/chat.ts"
import { createTestDatabase } from "../helpers/database.ts"
import { testStack } from "../helpers/stack.ts"
import { query } from "../system/programs.ts"

/** What an owner may set for a database, and no session of ours may feel. */
const HOSTILE = {
  default_transaction_isolation: "'serializable'",
  default_transaction_deferrable: "on",
  datestyle: "'German, YMD'",
  intervalstyle: "'iso_8601'",
  timezone: "'Pacific/Chatham'",
  bytea_output: "'escape'",
  extra_float_digits: "-15",
  standard_conforming_strings: "off",
  array_nulls: "off",
  transform_null_equals: "on",
  statement_timeout: "4321",
  lock_timeout: "4321",
  idle_in_transaction_session_timeout: "4321",
  idle_session_timeout: "4321",
  transaction_timeout: "4321",
}

test("a database's own settings change nothing for our sessions, whichever pool they are of", async () => {
  const stack = testStack()
  const database = await createTestDatabase()
  stack.defer(() => database.drop())
  const name = new URL(database.url).pathname.slice(1)
  const settings = Object.entries(HOSTILE).map(
    ([setting, to]) => `ALTER DATABASE ${name} SET ${setting} = ${to}`,
  )
  await query(inject("databaseUrl"), settings.join(";"))
  const app = await startTestApp({ databaseUrl: database.url, stripe: true })
  stack.defer(() => app.close())

  const user = await signIn(app)
  const room = await createRoom(app, user, { name: "O'Neill \\ ü €" })
  const reply = await ask(app, user, room, "Back\\slash and 'quotes' … and 漢字")
  expect(reply).toMatchObject({ status: "completed", completedAt: expect.stringMatching(/^20\d\d-.*Z$/) })
  expect(Date.parse(reply.completedAt)).toBeGreaterThan(Date.now() - 60_000)
  const statuses = []
  for (const path of ["/user/me", "/chatroom", `/chatroom/${room.id}`, "/auth/sessions", "/user/me/export"])
    statuses.push((await user.http.get(path)).status)
  statuses.push((await user.http.patch(`/chatroom/${room.id}`, { name: "Other" })).status)
  statuses.push((await user.http.post("/subscribe/pro", {})).status)
  statuses.push((await createHttp(app.url).post("/auth/refresh", { refreshToken: user.refreshToken })).status)
  statuses.push((await app.admin.get("/admin/replies")).status)
  expect(statuses).toEqual(statuses.map(() => 200))
  expect((await user.http.get(`/chatroom/${room.id}`)).body.messages[0].content).toBe(
    "Back\\slash and 'quotes' … and 漢字",
  )
  expect(app.logs()).not.toMatch(/"level":"(?:error|fatal)"/)

  const queues = createQueuePool(database.url, 1, TIMING.postgres)
  stack.defer(() => queues.end())
  const show = `SELECT ${Object.keys(HOSTILE).map((setting) => `current_setting('${setting}') AS ${setting}`)}`
  const plain = await query(database.url, show)
  for (const [ours] of [await app.query(show), (await queues.query(show)).rows]) {
    const felt = Object.entries(ours as object).filter(([setting, value]) => plain[0]?.[setting] === value)
    expect(felt).toEqual([])
  }
})
