import { describe, expect, test } from "vitest"
import { claimReply } from "../../src/services/replies/worker/claim-reply.ts"
import { times } from "../helpers/answers.ts"
import { signIn, startTestApp } from "../helpers/app.ts"
import { createRoom, finalReply, makePro, promptsUsed, send } from "../helpers/chat.ts"
import { setNoon } from "../helpers/clock.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"

// Without a worker, so that replies begin when a test says so; nobody answers a request to stop one.
const app = useTestApp({ worker: false, timing: { replies: { cancelMs: 20 } } })
const ann = useUser(app, { pro: true })

const INTERRUPT = { onBusy: "interrupt" }

interface Row {
  id: string
  role: string
  parent_id: string | null
  position: number
  content: string
  status: string
  attempt: number
  lease: string | null
  requested: boolean
}

const rowsOf = (room: { id: string }): Promise<Row[]> =>
  app.query(
    `SELECT id, role, parent_id, position, content, status, attempt, lease_until::text AS lease,
       cancel_requested_at IS NOT NULL AS requested
     FROM messages WHERE chatroom_id = $1 ORDER BY position`,
    room.id,
  ) as Promise<Row[]>

const activeOf = async (room: { id: string }): Promise<string | null> =>
  (await app.query("SELECT active_reply_id AS id FROM chatrooms WHERE id = $1", room.id))[0].id

const prompts = (rows: Row[]) => rows.flatMap(({ content }) => (content === "" ? [] : [content]))

describe("what waits when a message interrupts", () => {
  test("is answered after it, even where its turn had come: nothing is lost that no worker has begun", async () => {
    const room = await createRoom(app, ann)
    const first = (await send(app, ann, room, "first")).body
    const second = (await send(app, ann, room, "second")).body
    const { body } = await send(app, ann, room, "in front", INTERRUPT)
    const rows = await rowsOf(room)
    expect(prompts(rows)).toEqual(["in front", "first", "second"])
    expect(rows.map(({ parent_id }) => parent_id)).toEqual([null, ...rows.slice(0, 5).map(({ id }) => id)])
    expect(rows.map(({ id }) => id)).toEqual([
      ...[body.id, body.reply.id, first.id, first.reply.id, second.id, second.reply.id],
    ])
    expect(await activeOf(room)).toBe(body.reply.id)
    expect(rows.filter(({ status }) => status === "queued").map(({ lease }) => lease === "infinity")).toEqual(
      [false, true, true],
    )
    expect(rows.some(({ requested }) => requested)).toBe(false)
    const shown = (await ann.http.get(`/chatroom/${room.id}`)).body
    expect([shown.headId, shown.messages.length]).toEqual([second.reply.id, 6])
  })

  test("is stopped if it is another version of a reply, and gives its unit back", async () => {
    const user = await signIn(app)
    await setNoon(app.pool)
    const room = await createRoom(app, user)
    const first = (await send(app, user, room, "hello")).body
    await user.http.post(`/chatroom/${room.id}/message/${first.reply.id}/cancel`)
    const again = await user.http.post(`/chatroom/${room.id}/message/${first.reply.id}/regenerate`)
    expect(await promptsUsed(app, user)).toBe(1)
    const { body } = await send(app, user, room, "no, this", INTERRUPT)
    expect(body.parentId).toBe(again.body.id)
    expect((await user.http.get(`/chatroom/${room.id}/message/${again.body.id}`)).body.status).toBe(
      "cancelled",
    )
    expect(await promptsUsed(app, user)).toBe(1)
    expect(await activeOf(room)).toBe(body.reply.id)
  })

  test("stays on its own branch if that isn't the one where the message goes", async () => {
    const room = await createRoom(app, ann)
    const first = (await send(app, ann, room, "one")).body
    const root = (await send(app, ann, room, "another beginning", { parentId: null })).body
    const { body } = await send(app, ann, room, "third beginning", { ...INTERRUPT, parentId: null })
    expect(body).toMatchObject({ parentId: null, siblings: { position: 1, count: 3, nextId: first.id } })
    const rows = await rowsOf(room)
    expect(prompts(rows)).toEqual(["third beginning", "one", "another beginning"])
    expect(rows.find(({ id }) => id === root.id)?.parent_id).toBeNull()
    expect((await ann.http.get(`/chatroom/${room.id}`)).body.headId).toBe(body.reply.id)
  })
})

test("a worker that begins a reply as a message interrupts has it stopped, or finds another's turn", async () => {
  const rooms = await times(40, () => createRoom(app, ann))
  for (const room of rooms) {
    const first = (await send(app, ann, room, "first")).body
    const [claimed, sent] = await Promise.all([
      claimReply(app.ctx, { userId: ann.user.id, id: first.reply.id }),
      send(app, ann, room, "in front", INTERRUPT),
    ])
    const rows = await rowsOf(room)
    const running = rows.filter(({ attempt }) => attempt > 0)
    if ("attempt" in claimed) {
      expect(running.map(({ id }) => id)).toEqual([first.reply.id])
      expect(prompts(rows)).toEqual(["first", "in front"])
      expect(sent.body.parentId).toBe(first.reply.id)
    } else {
      expect(running).toEqual([])
      expect(prompts(rows)).toEqual(["in front", "first"])
      expect(await activeOf(room)).toBe(sent.body.reply.id)
    }
  }
}, 120_000)

test("of messages that interrupt at once from two processes, each has its unit and its place", async () => {
  await using other = await startTestApp({ beside: app, worker: false })
  const user = await signIn(app)
  await makePro(app, user)
  await setNoon(app.pool)
  const room = await createRoom(app, user)
  const sent = await times(24, (n) =>
    send(n % 2 ? app : other, user, room, `prompt ${n}`, n % 3 ? INTERRUPT : {}),
  )
  expect(sent.map(({ status }) => status)).toEqual(Array(24).fill(202))
  const rows = await rowsOf(room)
  expect(rows).toHaveLength(48)
  for (const [n, { parent_id }] of rows.entries()) expect(parent_id).toBe(rows[n - 1]?.id ?? null)
  expect(await activeOf(room)).toBe(rows[1]?.id)
  expect(await promptsUsed(app, user)).toBe(24)
  await using _worker = await startTestApp({ beside: app })
  // One after another, as they are made: 24 that ask all the time would be what takes long.
  for (const { id } of rows.filter(({ role }) => role === "model")) {
    expect((await finalReply(app, user, { id, chatroomId: room.id })).status).toBe("completed")
  }
}, 120_000)
