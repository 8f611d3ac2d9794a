import { expect, test } from "vitest"
import { createIndexer } from "../../src/services/search/index-texts.ts"
import { newId } from "../../src/utils/ids.ts"
import { found, search, write } from "../chat/search-kit.ts"
import { readPages, times } from "../helpers/answers.ts"
import { signIn } from "../helpers/app.ts"
import { useTestApp } from "../helpers/use-app.ts"

// Without a worker, so that a test indexes when it says so.
const app = useTestApp({ worker: false })

const round = () => createIndexer(app.ctx).round()
const waiting = async () => (await app.query("SELECT count(*)::int AS count FROM search_queue"))[0].count

/** What the index holds beside what it should. */
const differences = () =>
  app.query(
    `SELECT d.id FROM search_documents AS d
     WHERE NOT EXISTS (SELECT FROM messages AS m WHERE m.user_id = d.user_id AND m.id = d.id)
       AND NOT EXISTS (SELECT FROM chatrooms AS c WHERE c.user_id = d.user_id AND c.id = d.id)
     UNION ALL
     SELECT m.id FROM messages AS m
     WHERE NOT EXISTS (SELECT FROM search_documents AS d WHERE d.user_id = m.user_id AND d.id = m.id)`,
  )

test("several workers index each text once, while texts are written, changed and deleted", async () => {
  const users = await times(3, () => signIn(app))
  const texts = Array.from({ length: 120 }, (_, n) => `lynx ${n}`)
  const rooms = await Promise.all([...users, ...users].map((user) => write(app, user, texts)))
  const ids = rooms.flatMap(({ messages }) => messages)
  const deleting = async () => {
    for (const id of ids.filter((_, n) => n % 3 === 0))
      await app.query("DELETE FROM messages WHERE id = $1", id)
    await app.query("DELETE FROM chatrooms WHERE id = $1", rooms[0]?.id)
  }
  const changing = async () => {
    for (const id of ids.filter((_, n) => n % 3 === 1))
      await app.query("UPDATE messages SET content = 'caracal' WHERE id = $1", id)
  }
  const writing = async () => {
    for (const user of users) for (let n = 0; n < 5; n++) await write(app, user, ["lynx late"])
  }
  const indexing = async () => {
    for (let n = 0; n < 5; n++) await round()
  }
  await Promise.all([deleting(), changing(), writing(), indexing(), indexing(), indexing()])
  // What was locked in between is left to the next round.
  await expect.poll(async () => [await round(), await waiting()]).toEqual([undefined, 0])
  expect(await differences()).toEqual([])
  const twice = await app.query(
    "SELECT user_id, n FROM search_documents GROUP BY user_id, n HAVING count(*) > 1",
  )
  expect(twice).toEqual([])
  const [left] = await app.query("SELECT count(*)::int AS lynxes FROM messages WHERE content LIKE 'lynx%'")
  const [changed] = await app.query("SELECT count(*)::int AS count FROM messages WHERE content = 'caracal'")
  expect([await countAll("lynx "), await countAll("caracal ")]).toEqual([left.lynxes, changed.count])

  async function countAll(q: string): Promise<number> {
    let count = 0
    for (const { http } of users) count += (await readPages(http, `/search?q=${q}&limit=100`)).flat().length
    return count
  }
})

test("a message that is being deleted while it would be indexed is waited for by nobody", async () => {
  const bob = await signIn(app)
  const { messages } = await write(app, bob, ["ocelot one", "ocelot two"])
  const client = await app.pool.connect()
  try {
    await client.query("BEGIN")
    await client.query("DELETE FROM messages WHERE id = $1", [messages[0]])
    await round()
    expect(await found(bob, "ocelot ")).toEqual(["ocelot two"])
    expect(await waiting()).toBe(1)
    expect((await search(bob, "ocelot ")).headers.get("x-search-pending")).toBe("1")
    await client.query("ROLLBACK")
  } finally {
    client.release()
  }
  await round()
  expect(await found(bob, "ocelot ")).toEqual(["ocelot one", "ocelot two"])
  expect(await waiting()).toBe(0)
})

test("a text that changes while it is indexed is indexed again", async () => {
  const bob = await signIn(app)
  const { messages } = await write(app, bob, ["margay"])
  const client = await app.pool.connect()
  try {
    await client.query("BEGIN")
    await client.query("UPDATE messages SET content = 'serval' WHERE id = $1", [messages[0]])
    await round()
    expect(await found(bob, "margay ")).toEqual(["margay"])
    await client.query("COMMIT")
  } finally {
    client.release()
  }
  await round()
  expect([await found(bob, "margay "), await found(bob, "serval ")]).toEqual([[], ["serval"]])
})

test("an import of one user's doesn't keep others waiting", async () => {
  // Ids are in the order of time.
  const [first, second] = [await signIn(app), await signIn(app)]
  await write(app, first, Array.from({ length: 350 }, newId))
  await write(app, second, ["puma"])
  const stopped = {
    ...app.ctx,
    timing: { ...app.ctx.timing, search: { ...app.ctx.timing.search, roundMs: 1 } },
  }
  const indexer = createIndexer(stopped)
  for (let rounds = 0; rounds < 2; rounds++) await indexer.round()
  expect(await found(second, "puma ")).toEqual(["puma"])
  await expect.poll(async () => [await round(), await waiting()]).toEqual([undefined, 0])
})

test("a text that PostgreSQL refuses keeps no other one waiting", async () => {
  const bob = await signIn(app)
  await app.query(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF NEW.entries::text LIKE '%poison%' THEN RAISE EXCEPTION 'too much' USING ERRCODE = '54000'; END IF;
      RETURN NEW;
    END $$`)
  await app.query(
    "CREATE TRIGGER refuse BEFORE INSERT ON search_documents FOR EACH ROW EXECUTE FUNCTION refuse()",
  )
  // A queue that is short when it is analyzed, as it is nearly always: plans then take it to have one row.
  await write(app, bob, ["a margay"])
  await app.query("DELETE FROM search_queue WHERE n > (SELECT min(n) FROM search_queue)")
  await app.query("ANALYZE search_queue")
  await expect.poll(async () => [await round(), await waiting()]).toEqual([undefined, 0])
  await write(app, bob, ["a jaguar", "poison", "another jaguar"])
  await expect.poll(async () => [await round(), await waiting()]).toEqual([undefined, 0])
  expect(await found(bob, "jaguar ")).toHaveLength(2)
  expect(app.logs()).toContain("text not indexed")
})

test("a room whose name is indexed as it is deleted is erased at once, and leaves nothing", async () => {
  const bob = await signIn(app)
  const { id } = await write(app, bob, [], { name: "Tigrillo" })
  const held = await app.pool.connect()
  try {
    // What a worker that is about to index the name holds: its user.
    await held.query("BEGIN")
    await held.query("SELECT FROM users WHERE id = $1 FOR KEY SHARE", [bob.user.id])
    await held.query("INSERT INTO search_users (user_id) VALUES ($1)", [bob.user.id])
    const indexing = round()
    expect((await bob.http.delete(`/chatroom/${id}`)).status).toBe(204)
    await held.query("INSERT INTO search_documents VALUES ($1, $2, 0, '''1.0:tigrillo''')", [bob.user.id, id])
    await held.query("COMMIT")
    await indexing
  } finally {
    held.release()
  }
  await expect.poll(async () => [await round(), await waiting()]).toEqual([undefined, 0])
  expect(await app.query("SELECT FROM search_documents WHERE user_id = $1", bob.user.id)).toEqual([])
})
