import { beforeAll, expect, test } from "vitest"
import { ask, createRoom } from "../helpers/chat.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"

// One connection, so that what the requests have prepared can be explained on it.
const app = useTestApp({ config: { database: { poolSize: 1 } } })
const ann = useUser(app)
beforeAll(async () => {
  const room = await createRoom(app, ann)
  await ask(app, ann, room, "hello")
  // Under a key a prompt is written by another statement.
  const headers = { "Idempotency-Key": "once" }
  await ann.http.post(`/chatroom/${room.id}/message`, { message: "hello" }, { headers })
  const paths = [
    "/chatroom",
    "/chatroom?archived=true",
    `/chatroom/${room.id}`,
    `/chatroom/${room.id}?messageId=${(await ann.http.get(`/chatroom/${room.id}`)).body.headId}`,
    `/chatroom/${room.id}/message`,
    "/auth/sessions",
    "/user/me",
  ]
  for (const path of paths) expect((await ann.http.get(path)).status).toBe(200)
})

interface Plan {
  "Node Type": string
  "Index Cond"?: string
  Plans?: Plan[]
}

function explain(name: string, values: unknown[]): Promise<Plan[]> {
  const args = values.map((value) => (value === null ? "NULL" : `'${value}'`)).join(", ")
  return explainText(`EXECUTE "${name}"${args ? ` (${args})` : ""}`)
}

/** The plan that PostgreSQL chooses where scanning a whole table costs more than anything, as in a large one it does. */
async function explainText(statement: string): Promise<Plan[]> {
  const client = await app.pool.connect()
  try {
    await client.query("SET enable_seqscan = off")
    // As for a statement used often: without the values, which would let a NULL end the plan early.
    await client.query("SET plan_cache_mode = force_generic_plan")
    await client.query("SET enable_bitmapscan = off")
    await client.query("DISCARD PLANS")
    const { rows } = await client.query(`EXPLAIN (FORMAT JSON) ${statement}`)
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
  ["list-chatrooms", [ID, 51, null, null, null], /user_id.*pinned.*activity_at/],
  ["list-chatrooms", [ID, 51, 1, "2026-01-01", ID], /user_id.*pinned.*activity_at/],
  ["list-archived", [ID, 51, 0, "2026-01-01", ID], /user_id.*pinned.*activity_at/],
  ["list-messages", [ID, ID, 0, 51, 1_000], /user_id.*chatroom_id.*position/],
  ["read-newest", [ID, ID, 51, 1_000], /chatroom_id = /],
  ["read-branch", [ID, ID, 50, 1_000], /user_id.*\(id = /],
  ["get-message", [ID, ID], /user_id.*\(id = /],
  ["lock-room", [ID, ID], /user_id.*\(id = /],
])("%s is a range of an index, in its order", async (name, values, condition) => {
  const plan = await explain(name, values)
  expect(plan.map((node) => node["Node Type"])).not.toContain("Seq Scan")
  expect(plan.some((node) => condition.test(node["Index Cond"] ?? ""))).toBe(true)
  if (name.startsWith("list-")) expect(plan.map((node) => node["Node Type"])).not.toContain("Sort")
})

test.each([
  ["/auth/sessions", "sessions", /created_at.*id/],
  ["/subscription/history", "entitlement_log", /at.*id/],
  ["/admin/audit", "admin_audit", /at.*id/],
])("what a model reads for a page of %s is a range of an index, in its order", async (path, table, range) => {
  const cursor = Buffer.from(JSON.stringify(["2027-01-01T00:00:00.000Z", ID])).toString("base64url")
  for (const query of ["", `?cursor=${cursor}`]) {
    const [sql = ""] = await modelStatements(`FROM "${table}"`, () =>
      (path.startsWith("/admin") ? app.admin : ann.http).get(path + query),
    )
    const plan = await explainText(sql)
    const types = plan.map((node) => node["Node Type"])
    expect(types).toContain("Index Scan")
    expect(types.filter((type) => /Seq Scan|Sort/.test(type))).toEqual([])
    if (query) expect(plan.map((node) => node["Index Cond"] ?? "").join()).toMatch(range)
  }
})

/** What Sequelize sends while `act` goes on, as far as it holds `text`. */
async function modelStatements(text: string, act: () => Promise<{ status: number }>): Promise<string[]> {
  const sent: string[] = []
  const { User } = await app.ctx.models()
  const { options } = User.sequelize as unknown as { options: { logging: unknown } }
  options.logging = (line: string) => void sent.push(line.replace(/^Executing \([^)]*\): /, ""))
  try {
    expect((await act()).status).toBe(200)
  } finally {
    options.logging = false
  }
  return sent.filter((sql) => sql.includes(text))
}

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
  expect(whole.filter((name) => !["count-workers", "worker-load"].includes(name))).toEqual([])
})

test("no index of messages depends on what a claim or a renewal writes, so both stay within the row's page", async () => {
  const columns = ["status", "attempt", "content", "thoughts", "not_before", "renewed_until"]
  const indexes = await app.query(
    "SELECT pg_get_indexdef(indexrelid) AS definition FROM pg_index WHERE indrelid = 'messages'::regclass",
  )
  expect(indexes.length).toBeGreaterThan(5)
  for (const { definition } of indexes)
    expect(definition).not.toMatch(new RegExp(`\\b(?:${columns.join("|")})\\b`))
})
