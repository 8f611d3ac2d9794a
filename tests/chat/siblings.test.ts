import { expect, test } from "vitest"
import { newId } from "../../src/utils/ids.ts"
import { collect } from "../../tools/lib/http.ts"
import { readPages } from "../helpers/answers.ts"
import { ask, createRoom, finalReply, send } from "../helpers/chat.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"

// One connection, so that what it has prepared can be explained on it.
const app = useTestApp({ config: { database: { poolSize: 1 } } })
const ann = useUser(app, { pro: true })

interface Message {
  id: string
  parentId: string | null
  siblings: { position: number; count: number; previousId: string | null; nextId: string | null }
}

/** What the siblings of a room's messages must be, from the whole list, which is in the order of positions. */
function expectExact(messages: Message[]): void {
  const families = Map.groupBy(messages, ({ parentId }) => parentId)
  for (const family of families.values())
    for (const [n, { siblings }] of family.entries())
      expect(siblings).toEqual({
        position: n + 1,
        count: family.length,
        previousId: family[n - 1]?.id ?? null,
        nextId: family[n + 1]?.id ?? null,
      })
}

const all = async (room: { id: string }) =>
  (await readPages(ann.http, `/chatroom/${room.id}/message?limit=7`)).flat() as Message[]

test("a new prompt and its reply have none; an edited prompt says at once that it has", async () => {
  const room = await createRoom(app, ann)
  const only = { position: 1, count: 1, previousId: null, nextId: null }
  const { body: first } = await send(app, ann, room, "one")
  expect([first.siblings, first.reply.siblings]).toEqual([only, only])
  const { body: next } = await send(app, ann, room, "two", { parentId: first.reply.id })
  expect(next.siblings).toEqual(only)
  const { body: edited } = await send(app, ann, room, "two!", { parentId: first.reply.id })
  expect(edited.siblings).toEqual({ position: 2, count: 2, previousId: next.id, nextId: null })
  const { body: again } = await send(app, ann, room, "one!", { parentId: null })
  expect(again.siblings).toEqual({ position: 2, count: 2, previousId: first.id, nextId: null })
  await finalReply(app, ann, again.reply)
  expectExact(await all(room))
})

test("edits that come at once are all counted, each in its own answer", async () => {
  const room = await createRoom(app, ann)
  const { id: parentId } = await ask(app, ann, room, "root")
  const answers = await Promise.all(
    Array.from({ length: 12 }, (_, n) => send(app, ann, room, `version ${n}`, { parentId })),
  )
  const inOrder = answers.map(({ body }) => body.siblings).toSorted((a, b) => a.position - b.position)
  expect(inOrder.map(({ position }) => position)).toEqual(Array.from({ length: 12 }, (_, n) => n + 1))
  for (const { position, count } of inOrder) expect(count).toBeGreaterThanOrEqual(position)
  expectExact(await all(room))
})

test("streams, single messages, branches and lists agree about them", async () => {
  const room = await createRoom(app, ann)
  const { parentId: promptId } = await ask(app, ann, room, "hello")
  const path = `/chatroom/${room.id}/message/${promptId}/regenerate`
  const { body } = await ann.http.post(path, {}, { headers: { Prefer: "wait=20" } })
  const { siblings } = body
  expect(siblings).toMatchObject({ position: 2, count: 2 })
  const events = await collect(ann.http.events(`/chatroom/${room.id}/message/${body.id}/stream`))
  expect(events.at(-1)?.data.siblings).toEqual(siblings)
  expect((await ann.http.get(`/chatroom/${room.id}/message/${body.id}`)).body.siblings).toEqual(siblings)
  const shown = (await ann.http.get(`/chatroom/${room.id}`)).body.messages
  expect(shown.at(-1)).toMatchObject({ id: body.id, siblings })
  expectExact(await all(room))
})

test("of thousands, a page reads each once", async () => {
  const room = { id: newId() }
  await app.query(
    "INSERT INTO chatrooms (id, user_id, name, last_position) VALUES ($1, $2, 'Room', 6000)",
    room.id,
    ann.user.id,
  )
  await app.query(
    `INSERT INTO messages (user_id, id, chatroom_id, position, role, content, status, completed_at)
     SELECT $1, gen_random_uuid(), $2, n, 'user', 'version ' || n, 'completed', now() FROM generate_series(1, 6000) AS n`,
    ann.user.id,
    room.id,
  )
  const [first, second] = (await readPages(ann.http, `/chatroom/${room.id}/message`, 2)) as Message[][]
  const both = [...(first ?? []), ...(second ?? [])]
  expect(both.map(({ siblings }) => siblings.position)).toEqual(Array.from({ length: 100 }, (_, n) => n + 1))
  for (const [n, { siblings }] of both.entries())
    expect(siblings).toMatchObject({ count: 6_000, previousId: both[n - 1]?.id ?? null })
  expect(both[0]?.siblings.nextId).toBe(both[1]?.id)
  const [plan] = await app.query(
    `EXPLAIN (ANALYZE, FORMAT JSON) ${await listStatement()}`,
    ann.user.id,
    room.id,
    0,
    51,
    2 ** 30,
  )
  expect(rowsRead(plan["QUERY PLAN"][0].Plan)).toBeLessThan(3 * 6_000)
})

/** What the list is read with, as this app's connections have prepared it. */
async function listStatement(): Promise<string> {
  const statements = await app.query(
    "SELECT statement FROM pg_prepared_statements WHERE name = 'list-messages'",
  )
  return statements[0].statement
}

interface Plan {
  "Actual Rows": number
  "Actual Loops": number
  "Index Name"?: string
  Plans?: Plan[]
}

function rowsRead(plan: Plan): number {
  const below = (plan.Plans ?? []).reduce((sum, part) => sum + rowsRead(part), 0)
  return below + (plan["Index Name"] ? plan["Actual Rows"] * plan["Actual Loops"] : 0)
}
