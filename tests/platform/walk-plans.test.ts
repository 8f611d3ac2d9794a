import { beforeAll, describe, expect, test } from "vitest"
import { requestSummary } from "../../src/services/replies/room-tasks/summary.ts"
import { ask, createRoom, send } from "../helpers/chat.ts"
import { addRoom } from "../helpers/rooms.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"

// One connection, so that what the requests have prepared can be explained on it.
const app = useTestApp({ config: { database: { poolSize: 1 } } })
const ann = useUser(app, { pro: true })
const bob = useUser(app)

/** The two of sharing have no name, so they are planned each time. */
const WALKS = [
  "branch-end",
  "delete-messages",
  "export-branch",
  "find-newer",
  "find-waiting",
  "neighbours-branch-end",
  "read-branch",
  "read-branch-of-reply",
  "read-fork",
  "read-unsummarized",
]

const ID = "01980000-0000-7000-8000-000000000000"
const SAMPLES: Record<string, string> = { uuid: `'${ID}'`, integer: "1", bigint: "1" }

beforeAll(async () => {
  const room = await createRoom(app, ann)
  const path = `/chatroom/${room.id}`
  const first = await ask(app, ann, room, "one")
  const second = await ask(app, ann, room, "two")
  await ask(app, ann, room, "another two", { parentId: first.id })
  const newest = await ann.http.get(`${path}?limit=1`)
  const next = /<([^>]+)>; rel="next"/.exec(newest.headers.get("link") ?? "")?.[1] ?? ""
  // The second is on another branch by now.
  for (const page of [next, `${path}?messageId=${first.id}`, `${path}?messageId=${second.id}`])
    expect((await ann.http.get(page)).status).toBe(200)
  expect((await ann.http.patch(path, { headId: second.id })).status).toBe(200)
  expect((await ann.http.post(`${path}/fork`, { messageId: second.id })).status).toBe(201)
  expect((await ann.http.get(`${path}/export?format=markdown`)).status).toBe(200)
  const task = { userId: ann.user.id, chatroomId: room.id, messageId: first.id, kind: "summary" } as const
  const now = { attempt: 1, day: "2027-01-01", isStale: false }
  expect(await requestSummary(app.ctx, { ...task, ...now })).not.toBeNull()
  await send(app, ann, room, "[[gemini: stall after=3]] waits", { parentId: second.id })
  expect((await send(app, ann, room, "at once", { onBusy: "interrupt" })).status).toBe(202)
  expect((await ann.http.delete(`${path}/message/${second.parentId}`)).status).toBe(204)
})

interface Plan {
  "Node Type": string
  "Index Name"?: string
  "Index Cond"?: string
  Plans?: Plan[]
}

const flatten = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(flatten)]

async function explain(statement: string): Promise<Plan[]> {
  const { rows } = await app.pool.query(`EXPLAIN (FORMAT JSON) ${statement}`)
  return flatten(rows[0]["QUERY PLAN"][0].Plan)
}

/** While PostgreSQL made its plans, the database had next to nothing in it. They are kept as it fills up. */
describe.each(["a few", "some dozens of", "a hundred"])("planned with %s messages", (amount) => {
  beforeAll(async () => {
    if (amount !== "a few")
      for (const { user } of [ann, bob]) await addRoom(app, user.id, amount === "a hundred" ? 40 : 20)
    await app.query("ANALYZE")
  })

  test("each step of a walk reads by the key of the message it goes to", async () => {
    const { rows } = await app.pool.query<{ name: string; types: string[] }>(
      `SELECT name, parameter_types::text[] AS types FROM pg_prepared_statements
       WHERE statement LIKE '%WITH RECURSIVE%' ORDER BY name`,
    )
    expect(rows.map(({ name }) => name)).toEqual(WALKS)
    for (const { name, types } of rows) {
      const values = types.map((type) => SAMPLES[type] ?? "NULL").join(", ")
      const plan = await explain(`EXECUTE "${name}" (${values})`)
      const [walk, ...others] = plan.filter((node) => node["Node Type"] === "Recursive Union")
      expect(others).toEqual([])
      const reads = flatten(walk?.Plans?.at(-1) as Plan).filter((node) =>
        node["Index Name"]?.startsWith("messages_"),
      )
      expect([name, reads.length > 0]).toEqual([name, true])
      for (const read of reads)
        expect([name, read["Index Cond"]]).toEqual([name, expect.stringMatching(/\b(?:parent_)?id = /)])
    }
  })

  test("a deletion looks up what it deletes", async () => {
    const plan = await explain(`EXECUTE "delete-messages" ('${ID}', '${ID}', '${ID}', '${ID}')`)
    const deletion = plan.find((node) => node["Node Type"] === "ModifyTable") as Plan
    const reads = flatten(deletion).map((node) => node["Index Cond"])
    expect(reads.join()).toMatch(/\bid = ANY/)
  })

  test.each(["parent_id", "chatroom_id"])("what a foreign key deletes is found by its %s", async (column) => {
    const deletion = `DELETE FROM ONLY messages WHERE user_id = $1 AND ${column} = $2`
    await app.pool.query(`PREPARE deletion AS ${deletion}`)
    const plan = await explain(`EXECUTE deletion ('${ID}', '${ID}')`)
    await app.pool.query("DEALLOCATE deletion")
    expect(plan.map((node) => node["Index Cond"]).join()).toContain(`${column} = `)
  })
})
