import { beforeAll, describe, expect, test } from "vitest"
import { newId } from "../../src/utils/ids.ts"
import type { Answer } from "../../tools/lib/http.ts"
import { type SignedIn, signIn, startTestApp } from "../helpers/app.ts"
import { createRoom, send } from "../helpers/chat.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"
import { bearer, requestHead } from "./kit/raw.ts"
import { bodyOf, type Endpoint, nameOf, pathOf, rowsOf } from "./kit/rows.ts"
import { snapshot } from "./kit/snapshot.ts"

/** What Ann has and Mallory knows the ids of. */
interface Belongings {
  room: string
  prompt: string
  reply: string
  session: string
  attachment: string
  import: string
}

let hers: Belongings
let own: Belongings

// Without a worker a reply stays queued, and nothing but requests changes a row.
const app = useTestApp({ worker: false })
const ann = useUser(app)
const mallory = useUser(app)
beforeAll(async () => {
  ;[hers, own] = [await belongings(ann), await belongings(mallory)]
})

async function belongings(user: SignedIn): Promise<Belongings> {
  const room = await createRoom(app, user, { name: "private" })
  const { body } = await send(app, user, room, "a secret question")
  const sessions = await user.http.get("/auth/sessions")
  const file = await user.http.post("/attachment", "a secret file")
  const imported = await user.http.post("/chatroom/import", "[]")
  // As a worker does: a user has one at a time.
  await app.query("UPDATE imports SET status = 'completed', lease_until = NULL, completed_at = now()")
  return {
    room: room.id,
    prompt: body.id,
    reply: body.reply.id,
    session: sessions.body[0].id,
    attachment: file.body.id,
    import: imported.body.id,
  }
}

const owned = rowsOf("user").filter(({ path }) => path.includes("/:"))

function as(
  user: SignedIn,
  row: Endpoint,
  ids: Record<string, string>,
  signal?: AbortSignal,
): Promise<Answer> {
  const send = app.http[row.method] as Http
  const body = row.path.endsWith("/fork") ? { messageId: ids.messageId ?? newId() } : bodyOf(row)
  const options = { token: user.token, signal }
  return ["post", "put", "patch"].includes(row.method)
    ? send(pathOf(row, ids), body, options)
    : send(pathOf(row, ids), options)
}
type Http = (path: string, ...rest: unknown[]) => Promise<Answer>

/** What a row's first id names. */
function idFor(path: string, { room, session, attachment, import: imported }: Belongings): string {
  if (path.startsWith("/import")) return imported
  if (path.startsWith("/chatroom")) return room
  return path.startsWith("/attachment") ? attachment : session
}

/** Every way to put an id of Ann's into a path: alone, and beside one of Mallory's own. */
function thefts({ path }: Endpoint): Record<string, string>[] {
  const id = idFor(path, hers)
  if (!path.includes("/:messageId")) return [{ id }]
  return [
    { id, messageId: hers.reply },
    { id, messageId: hers.prompt },
    { id, messageId: own.reply },
    { id: own.room, messageId: hers.reply },
    { id: own.room, messageId: hers.prompt },
  ]
}

const withoutId = ({ body: { requestId: _, ...rest } }: Answer) => rest

describe("a stranger's id", () => {
  test("is taken by routes", () => expect(owned.length).toBeGreaterThan(8))

  test("is, on every route, like an id that nobody has, and nothing happens", async () => {
    const before = await snapshot(app)
    for (const row of owned) {
      const unknown = await as(mallory, row, {})
      for (const ids of thefts(row)) {
        const answer = await as(mallory, row, ids)
        expect({ row: nameOf(row), ids, status: answer.status }).toMatchObject({ status: 404 })
        expect(withoutId(answer)).toEqual(withoutId(unknown))
      }
    }
    expect(await snapshot(app)).toEqual(before)
  })

  test("is good for its owner, on every route", async () => {
    for (const row of owned) {
      // Its token is no id, and the reader isn't its owner.
      if (row.path.startsWith("/shared")) continue
      // A user of its own: imports of a day are limited.
      const victim = await signIn(app)
      const belonging = await belongings(victim)
      const { prompt, reply } = belonging
      if (/\/(?:share|continue)$/.test(row.path)) await finish(reply)
      if (row.path.endsWith("/share")) {
        if (row.method !== "post") await victim.http.post(`/chatroom/${belonging.room}/share`)
      }
      const messageId = row.path.endsWith("/:messageId") ? prompt : reply
      const ids = { id: idFor(row.path, belonging), messageId }
      if (row.path.startsWith("/auth/sessions")) continue
      const stream = /\/(?:stream|events)$/.test(row.path)
      const answer = stream ? await headOf(victim, pathOf(row, ids)) : await as(victim, row, ids)
      expect({ row: nameOf(row), ok: answer.status < 300 }).toMatchObject({
        ok: true,
      })
      await app.pool.query("DELETE FROM usage_counters")
    }
  })

  /** As a worker does that is told to stop. */
  const finish = (reply: string) =>
    app.query(
      `WITH room AS (UPDATE chatrooms SET active_reply_id = NULL WHERE active_reply_id = $1)
       UPDATE messages SET status = 'cancelled', content = 'an answer', completed_at = now(), lease_until = NULL
       WHERE id = $1`,
      reply,
    )

  const headOf = ({ token }: SignedIn, path: string) =>
    requestHead(app.url + path, { headers: [bearer(token)] })

  test("in a body is refused: no branch continues in another's room", async () => {
    const before = await snapshot(app)
    const token = mallory.token
    for (const parentId of [hers.reply, hers.prompt]) {
      const posted = await app.http.post(
        `/chatroom/${own.room}/message`,
        { message: "and then?", parentId },
        { token },
      )
      expect([posted.status, posted.body.code]).toEqual([400, "invalid_request"])
      const moved = await app.http.patch(`/chatroom/${own.room}`, { headId: parentId }, { token })
      expect([moved.status, moved.body.code]).toEqual([400, "invalid_request"])
    }
    for (const messageId of [hers.reply, hers.prompt]) {
      const forked = await app.http.post(`/chatroom/${own.room}/fork`, { messageId }, { token })
      expect([forked.status, forked.body.code]).toEqual([404, "not_found"])
    }
    expect(await snapshot(app)).toEqual(before)
  })

  test("in a cursor pages through one's own rows only", async () => {
    const forged = Buffer.from(JSON.stringify(["9999-12-31T00:00:00.000Z", hers.room])).toString("base64url")
    const rooms = await mallory.http.get(`/chatroom?cursor=${forged}`)
    expect(rooms.body.map(({ id }: { id: string }) => id)).toEqual([own.room])
    const sessions = await mallory.http.get(`/auth/sessions?cursor=${forged}`)
    expect(sessions.body.map(({ id }: { id: string }) => id)).toEqual([own.session])
  })
})

test("fields that only the service may set are refused, and set nothing", async () => {
  const { token } = mallory
  const before = await snapshot(app)
  const extras = { tier: "pro", role: "admin", id: newId(), userId: ann.user.id, verifiedAt: "2020-01-01" }
  for (const [field, value] of Object.entries(extras)) {
    const bodies = [
      app.http.patch("/user/me", { name: "M", [field]: value }, { token }),
      app.http.post("/auth/signup", { mobileNumber: "+12025550188", [field]: value }),
      app.http.post("/chatroom", { name: "x", [field]: value }, { token }),
      app.http.patch(`/chatroom/${own.room}`, { name: "x", [field]: value }, { token }),
      app.http.post(`/chatroom/${own.room}/message`, { message: "x", [field]: value }, { token }),
    ]
    for (const answer of await Promise.all(bodies)) expect(answer.status).toBe(400)
  }
  expect(await snapshot(app)).toEqual(before)
})

test("an idempotency key of another's gives nothing of theirs", async () => {
  const headers = { "Idempotency-Key": "the-same-key" }
  const first = await ann.http.post("/chatroom", { name: "Ann's" }, { headers })
  const second = await mallory.http.post("/chatroom", { name: "Ann's" }, { headers })
  expect(second.status).toBe(201)
  expect(second.body.id).not.toBe(first.body.id)
  expect(second.headers.get("idempotency-replayed")).toBeNull()
})

test("an export holds nobody else's data", async () => {
  const { body } = await mallory.http.get("/user/me/export")
  const text = JSON.stringify(body)
  expect(text).toContain(own.room)
  for (const secret of [...Object.values(hers), ann.user.id, ann.mobileNumber])
    expect(text).not.toContain(secret)
})

describe("a running reply", () => {
  test("can't be heard or stopped by a stranger, but by its owner", async () => {
    await using working = await startTestApp({ beside: app })
    const victim = await signIn(app)
    const room = await createRoom(app, victim)
    const { body } = await send(working, victim, room, "[[gemini: stall after=2]] a long answer")
    const path = `/chatroom/${room.id}/message/${body.reply.id}`
    const statusOf = async () => (await victim.http.get(path)).body.status
    await expect.poll(statusOf).toBe("running")
    const headers = { "Last-Event-ID": "1-1" }
    expect((await mallory.http.get(`${path}/stream`, { headers })).status).toBe(404)
    expect((await mallory.http.get(`/chatroom/${room.id}/events`, { headers })).status).toBe(404)
    expect((await mallory.http.post(`${path}/cancel`)).status).toBe(404)
    expect(await statusOf()).toBe("running")
    expect((await victim.http.post(`${path}/cancel`)).body.status).toBe("cancelled")
  })

  test("stops being sent to a session that has ended", async () => {
    const user = await signIn(app)
    const room = await createRoom(app, user)
    const { body } = await send(app, user, room, "a question that waits")
    const stream = await fetch(`${app.url}/chatroom/${room.id}/message/${body.reply.id}/stream`, {
      headers: { Authorization: `Bearer ${user.token}` },
    })
    await user.http.post("/auth/logout")
    expect(await stream.text()).not.toContain("event:")
  })
})
