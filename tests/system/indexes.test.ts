import { afterAll, beforeAll, expect, test } from "vitest"
import { type SignedIn, signIn, startTestApp, type TestApp } from "../helpers/app.ts"
import { ask, createRoom } from "../helpers/chat.ts"

let app: TestApp
let ann: SignedIn

// One connection, so that what the requests have prepared can be explained on it.
beforeAll(async () => {
  app = await startTestApp({ config: { database: { poolSize: 1 } } })
  ann = await signIn(app)
  const room = await createRoom(app, ann)
  await ask(app, ann, room, "hello")
  // Under a key a prompt is written by another statement.
  const headers = { "Idempotency-Key": "once" }
  await app.http.post(`/chatroom/${room.id}/message`, { message: "hello" }, { token: ann.token, headers })
  const paths = [
    "/chatroom",
    `/chatroom/${room.id}`,
    `/chatroom/${room.id}/message`,
    "/auth/sessions",
    "/user/me",
  ]
  for (const path of paths) expect((await app.http.get(path, { token: ann.token })).status).toBe(200)
})
afterAll(() => app.close())

interface Plan {
  "Node Type": string
  "Index Cond"?: string
  Plans?: Plan[]
}

/** The plan that PostgreSQL chooses where scanning a whole table costs more than anything, as in a large one it does. */
async function explain(name: string, values: unknown[]): Promise<Plan[]> {
  const client = await app.pool.connect()
  try {
    await client.query("SET enable_seqscan = off")
    // As for a statement used often: without the values, which would let a NULL end the plan early.
    await client.query("SET plan_cache_mode = force_generic_plan")
    await client.query("SET enable_bitmapscan = off")
    await client.query("DISCARD PLANS")
    const args = values.map((value) => (value === null ? "NULL" : `'${value}'`)).join(", ")
    const { rows } = await client.query(`EXPLAIN (FORMAT JSON) EXECUTE "${name}"${args ? ` (${args})` : ""}`)
    return flatten(rows[0]["QUERY PLAN"][0].Plan)
  } finally {
    client.release()
  }
}

function flatten(plan: Plan): Plan[] {
  return [plan, ...(plan.Plans ?? []).flatMap(flatten)]
}

const ID = "01980000-0000-7000-8000-000000000000"

test.each([
  ["list-chatrooms", [ID, 51, null, null], /user_id.*activity_at/],
  ["list-chatrooms", [ID, 51, "2026-01-01", ID], /user_id.*activity_at/],
  ["list-messages", [ID, 0, 51], /chatroom_id.*position/],
  ["read-branch", [ID, ID, 50], /id = /],
])("%s is a range of an index, in its order", async (name, values, condition) => {
  const plan = await explain(name, values)
  expect(plan.map((node) => node["Node Type"])).not.toContain("Seq Scan")
  expect(plan.some((node) => condition.test(node["Index Cond"] ?? ""))).toBe(true)
  if (name.startsWith("list-")) expect(plan.map((node) => node["Node Type"])).not.toContain("Sort")
})

test("no statement of the API has to read a whole table", async () => {
  const client = await app.pool.connect()
  const { rows } = await client.query<{ name: string; types: number }>(
    "SELECT name, cardinality(parameter_types) AS types FROM pg_prepared_statements WHERE name <> '' ORDER BY name",
  )
  client.release()
  expect(rows.map(({ name }) => name)).toEqual(expect.arrayContaining(["send-message", "send-messages"]))
  const whole: string[] = []
  for (const { name, types } of rows) {
    const plan = await explain(name, Array(types).fill(null))
    if (plan.some((node) => node["Node Type"] === "Seq Scan")) whole.push(name)
  }
  // A row for each worker process is all that these look at beside the index.
  expect(whole.filter((name) => !["count-workers", "outlook"].includes(name))).toEqual([])
})
