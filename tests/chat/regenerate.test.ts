import { randomUUID } from "node:crypto"
import { describe, expect, test } from "vitest"
import { expectProblem, times } from "../helpers/answers.ts"
import { signIn } from "../helpers/app.ts"
import { ask, cancel, createRoom, finalReply, promptsUsed, send, useUpQuota } from "../helpers/chat.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"

const app = useTestApp({
  config: {
    gemini: {
      models: [
        { name: "gemini-3.8-flash", tier: "basic" },
        { name: "gemini-3.5-flash-lite", tier: "basic" },
        { name: "gemini-3.1-pro-preview", tier: "pro" },
      ],
    },
  },
})
const ann = useUser(app, { pro: true })

const regenerate = (
  { id, chatroomId }: { id: string; chatroomId: string },
  body: object = {},
  headers: Record<string, string> = {},
  user = ann,
) => user.http.post(`/chatroom/${chatroomId}/message/${id}/regenerate`, body, { headers })

describe("regenerating a reply", () => {
  test("makes another one to the same prompt, which the room then shows, for one unit", async () => {
    const user = await signIn(app)
    const room = await createRoom(app, user)
    const first = await ask(app, user, room, "hello")
    const { status, headers, body } = await regenerate(first, {}, {}, user)
    expect(status).toBe(202)
    expect(headers.get("location")).toBe(`/chatroom/${room.id}/message/${body.id}`)
    const siblings = { position: 2, count: 2, previousId: first.id, nextId: null }
    expect(body).toMatchObject({
      role: "model",
      status: "queued",
      content: "",
      parentId: first.parentId,
      siblings,
    })
    const reply = await finalReply(app, user, body)
    expect(reply).toMatchObject({ status: "completed", finishReason: "STOP" })
    const messages = (await user.http.get(`/chatroom/${room.id}/message`)).body
    expect(messages.map(({ role }: { role: string }) => role)).toEqual(["user", "model", "model"])
    const shown = (await user.http.get(`/chatroom/${room.id}`)).body
    expect(shown).toMatchObject({ headId: reply.id, lastMessageAt: reply.createdAt })
    expect(shown.messages.map(({ id }: { id: string }) => id)).toEqual([first.parentId, reply.id])
    expect(await promptsUsed(app, user)).toBe(2)
  })

  test("asks the model as for the first one, of a prompt as of its reply, without a body", async () => {
    const room = await createRoom(app, ann)
    await ask(app, ann, room, "before")
    const first = await ask(app, ann, room, `again ${room.id}`)
    const path = `/chatroom/${room.id}/message/${first.parentId}/regenerate`
    const { status, body } = await ann.http.post(path)
    expect(status).toBe(202)
    await finalReply(app, ann, body)
    const asked = app.gemini
      .calls()
      .map(({ contents }) => JSON.stringify(contents))
      .filter((contents) => contents.includes(`again ${room.id}`))
    expect(asked).toHaveLength(2)
    expect(asked[1]).toBe(asked[0])
  })

  test("takes the model and the level that are given, and the room's otherwise", async () => {
    const room = await createRoom(app, ann, { thinking: "low" })
    const first = await ask(app, ann, room, "hello")
    const other = { model: "gemini-3.5-flash-lite", thinking: "high" }
    const { body } = await regenerate(first, other)
    expect(body.model).toBe("gemini-3.5-flash-lite")
    expect((await finalReply(app, ann, body)).model).toBe("gemini-3.5-flash-lite")
    const { body: usual } = await regenerate(first)
    expect(usual.model).toBe("gemini-3.8-flash")
    const levels = await app.query("SELECT thinking FROM messages WHERE id = ANY($1) ORDER BY position", [
      body.id,
      usual.id,
    ])
    expect(levels).toEqual([{ thinking: "high" }, { thinking: "low" }])
  })

  test("brings an archived room back", async () => {
    const room = await createRoom(app, ann)
    const first = await ask(app, ann, room, "archived")
    await ann.http.patch(`/chatroom/${room.id}`, { archived: true })
    const { status } = await ann.http.post(`/chatroom/${room.id}/message/${first.id}/regenerate`)
    expect(status).toBe(202)
    expect((await ann.http.get(`/chatroom/${room.id}`)).body.archivedAt).toBeNull()
  })

  test("waits for what is unfinished in the room, and is made in its turn", async () => {
    const room = await createRoom(app, ann)
    const first = await ask(app, ann, room, "hello")
    const { body: stalled } = await send(app, ann, room, "[[gemini: stall after=1]]")
    const { body } = await regenerate(first)
    expect((await ann.http.get(`/chatroom/${room.id}/message/${body.id}`)).body.status).toBe("queued")
    await cancel(ann, stalled.reply)
    expect(await finalReply(app, ann, body)).toMatchObject({ status: "completed" })
  })

  test("with an Idempotency-Key adds one reply, however many requests carry it at once", async () => {
    const user = await signIn(app)
    const first = await ask(app, user, await createRoom(app, user), "hello")
    const headers = { "Idempotency-Key": randomUUID() }
    const answers = await times(8, () => regenerate(first, {}, headers, user))
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1)
    expect(answers.filter((answer) => answer.headers.get("idempotency-replayed") === "true")).toHaveLength(7)
    expect(await promptsUsed(app, user)).toBe(2)
    expectProblem(await regenerate(first, { thinking: "low" }, headers, user), 422, "idempotency_conflict")
  })

  test("many at once are each a version of their own, charged exactly up to the quota", async () => {
    const user = await signIn(app)
    const first = await ask(app, user, await createRoom(app, user), "hello")
    const answers = await times(9, () => regenerate(first, {}, {}, user))
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(4)
    for (const answer of answers.filter(({ status }) => status !== 202))
      expectProblem(answer, 429, "quota_exceeded")
    const positions = answers.flatMap(({ status, body }) => (status === 202 ? [body.siblings.position] : []))
    expect(positions.toSorted()).toEqual([2, 3, 4, 5])
    expect(await promptsUsed(app, user)).toBe(5)
    for (const { status, body } of answers) if (status === 202) await finalReply(app, user, body)
  })
})

describe("a regeneration is refused", () => {
  test.each([
    ["an unknown model", { model: "gemini-9" }],
    ["a model that is no name", { model: "../x" }],
    ["an unknown level", { thinking: "most" }],
    ["a text", { message: "hello" }],
    ["an array", []],
    ["null", null],
  ])("for %s with 400, and writes nothing", async (_, body) => {
    const room = await createRoom(app, ann)
    const first = await ask(app, ann, room, "hello")
    const used = await promptsUsed(app, ann)
    expectProblem(await regenerate(first, body as object), 400, "invalid_request")
    expect((await ann.http.get(`/chatroom/${room.id}/message`)).body).toHaveLength(2)
    expect(await promptsUsed(app, ann)).toBe(used)
  })

  test("for a model of a tier that the user doesn't have", async () => {
    const user = await signIn(app)
    const first = await ask(app, user, await createRoom(app, user), "hello")
    const answer = await regenerate(first, { model: "gemini-3.1-pro-preview" }, {}, user)
    expectProblem(answer, 400, "invalid_request")
    expect(answer.body.errors[0]).toMatchObject({ path: "body.model" })
  })

  test("over the quota, without a token, of a stranger's and of an unknown message", async () => {
    const user = await signIn(app)
    const first = await ask(app, user, await createRoom(app, user), "hello")
    await useUpQuota(app, await signIn(app))
    await app.query("UPDATE usage_counters SET used = 5 WHERE user_id = $1", user.user.id)
    expectProblem(await regenerate(first, {}, {}, user), 429, "quota_exceeded")
    const path = `/chatroom/${first.chatroomId}/message/${first.id}/regenerate`
    expectProblem(await app.http.post(path, {}), 401, "unauthenticated")
    expectProblem(await regenerate(first), 404, "not_found")
    expectProblem(await regenerate({ ...first, id: randomUUID() }, {}, {}, user), 404, "not_found")
    expect((await user.http.get(`/chatroom/${first.chatroomId}/message`)).body).toHaveLength(2)
  })
})
