import { expect, test } from "vitest"
import { listKey } from "../../src/services/chat/chatroom-cache.ts"
import { readChatroomList } from "../../src/services/chat/read-chatroom-list.ts"
import { times } from "../helpers/answers.ts"
import { type SignedIn, signIn, type TestApp } from "../helpers/app.ts"
import { ask, createRoom, makePro, send } from "../helpers/chat.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"

const app = useTestApp()
/** Another process of the same service. */
const other = useTestApp(() => ({ beside: app, worker: false }))
const user = useUser(app, { pro: true })

const list = async (at: TestApp, { token }: SignedIn = user) => {
  const { body, headers } = await at.http.get("/chatroom", { token })
  return { rooms: body as { id: string; name: string }[], cache: headers.get("x-cache") }
}
const names = async (at: TestApp) => (await list(at)).rooms.map(({ name }) => name)

/** Reads the list until it is cached. @returns what the cache holds */
async function cached(at: TestApp, owner: SignedIn = user): Promise<string> {
  // Where Redis doesn't answer in time nothing is kept.
  await expect.poll(async () => (await list(at, owner)).cache).toBe("HIT")
  return (await at.ctx.cache.read(listKey(at.ctx, owner.user.id))) as string
}

const rename = (at: TestApp, { id }: { id: string }, name: string) =>
  at.http.patch(`/chatroom/${id}`, { name }, { token: user.token })

const sendOnce = ({ id }: { id: string }) =>
  user.http.post(`/chatroom/${id}/message`, { message: "hello" }, { headers: { "Idempotency-Key": id } })

test.each<[what: string, write: (room: { id: string }) => Promise<unknown>]>([
  ["a room is created", () => createRoom(app, user)],
  ["a room is renamed", (room) => rename(app, room, "renamed")],
  ["a room is pinned", ({ id }) => user.http.patch(`/chatroom/${id}`, { pinned: true })],
  ["a room is archived", ({ id }) => user.http.patch(`/chatroom/${id}`, { archived: true })],
  ["a room is deleted", (room) => user.http.delete(`/chatroom/${room.id}`)],
  ["a prompt is sent", (room) => send(app, user, room, "[[gemini: stall after=1]]")],
  ["a prompt is sent under a key", (room) => sendOnce(room)],
  [
    "an operator changes a room by SQL",
    ({ id }) => app.query("UPDATE chatrooms SET name = 'x' WHERE id = $1", id),
  ],
])("when %s, a list of before is never read again, though the cache brings it back", async (_what, write) => {
  const room = await createRoom(app, user, { name: "before" })
  await createRoom(app, user, { name: "the newest" })
  const [before, old] = [await list(other), await cached(other)]
  await write(room)
  // What a Redis does that starts on an old snapshot, or whose replica hadn't got the last command.
  await other.ctx.cache.write(listKey(other.ctx, user.user.id), old, 600)
  const after = await list(other)
  expect(after.cache).toBe("MISS")
  expect(after.rooms).not.toEqual(before.rooms)
  expect(await cached(other)).not.toBe(old)
  // A pinned one would come first in the other tests.
  await user.http.delete(`/chatroom/${room.id}`)
})

test("the end of a reply is seen, too", async () => {
  const room = await createRoom(app, user)
  const { id } = await ask(app, user, room, "hello")
  const [stored] = await app.query("SELECT updated_at FROM chatrooms WHERE id = $1", room.id)
  expect((await list(other)).rooms[0]).toMatchObject({
    headId: id,
    updatedAt: stored.updated_at.toISOString(),
  })
})

test("a list that was read while somebody wrote isn't cached", async () => {
  const room = await createRoom(app, user, { name: "before" })
  await other.ctx.cache.write(listKey(other.ctx, user.user.id), "", 600)
  const { db } = other.ctx
  const execute = db.execute.bind(db)
  // The write comes between the version and the list.
  const slow = Object.assign(Object.create(db), {
    async execute(name: string, text: string, values?: unknown[]) {
      if (name === "list-chatrooms") await rename(app, room, "meanwhile")
      return execute(name, text, values)
    },
  })
  const ctx = { ...other.ctx, db: slow }
  const render = ({ items }: { items: { name: string }[] }) => ({ body: items[0]?.name ?? "", link: "" })
  const read = await readChatroomList(ctx, { userId: user.user.id, limit: 50, archived: false }, render)
  expect(read.fromCache).toBe(false)
  expect(`${read.list.body}`).toBe("meanwhile")
  expect(await other.ctx.cache.read(listKey(other.ctx, user.user.id))).toBe("")
})

test("every write is seen by the writer's next read, in whichever process, under reads of both", async () => {
  for (let i = 0; i < 20; i++) {
    const [writer, reader] = i % 2 ? [app, other] : [other, app]
    const reads = Array.from({ length: 8 }, (_, n) => names(n % 2 ? app : other))
    await createRoom(writer, user, { name: `room ${i}` })
    expect((await names(reader))[0]).toBe(`room ${i}`)
    await Promise.all(reads)
  }
})

test("users who write in the same moment don't wait for one another in a circle", async () => {
  const users = await times(6, () => signIn(app))
  for (const one of users) await makePro(app, one)
  const rooms = await times(6, (i) => createRoom(app, users[i] as SignedIn))
  for (let round = 0; round < 5; round++) {
    const answers = await times(24, (i) => {
      const [one, room] = [users[i % 6] as SignedIn, rooms[i % 6] as { id: string }]
      const at = i % 4 < 2 ? app : other
      if (i % 3 > 0) return send(at, one, room, "[[gemini: chunks=1]] together")
      return at.http.patch(`/chatroom/${room.id}`, { name: `round ${round}` }, { token: one.token })
    })
    expect([...new Set(answers.map(({ status }) => status))].sort()).toEqual([200, 202])
  }
})

test("a user who is erased leaves no version behind", async () => {
  const gone = await signIn(app)
  await createRoom(app, gone)
  await app.query("DELETE FROM users WHERE id = $1", gone.user.id)
  expect(await app.query("SELECT 1 FROM chatroom_lists WHERE user_id = $1", gone.user.id)).toEqual([])
})
