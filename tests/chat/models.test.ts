import { randomUUID } from "node:crypto"
import { describe, expect, test } from "vitest"
import { expectProblem } from "../helpers/answers.ts"
import { signIn } from "../helpers/app.ts"
import { ask, cancel, createRoom, finalReply, makePro, send } from "../helpers/chat.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"

const USUAL = "gemini-3.8-flash"
const LITE = "gemini-3.5-flash-lite"
const PRO = "gemini-3.1-pro-preview"
const UNHEARD_OF = "gemini-7-house-blend"
const offered = (names: readonly string[], tier: "basic" | "pro" = "basic") =>
  names.map((name) => ({ name, tier }))

const app = useTestApp({
  config: { gemini: { models: [...offered([USUAL, LITE, UNHEARD_OF]), ...offered([PRO], "pro")] } },
})
const ann = useUser(app)
const pro = useUser(app, { pro: true })

describe("GET /models", () => {
  test("lists the models of the user's tier in the operator's order, with what is known about them", async () => {
    const { status, body } = await ann.http.get("/models")
    expect(status).toBe(200)
    expect(body.map(({ id }: { id: string }) => id)).toEqual([USUAL, LITE, UNHEARD_OF])
    expect(body[0]).toEqual({
      id: USUAL,
      name: "Gemini 3.8 Flash",
      tier: "basic",
      inputTokens: 1_048_576,
      outputTokens: 65_536,
      thinking: ["low", "medium", "high"],
      tools: ["webSearch", "urlContext"],
      attachments: expect.arrayContaining(["image/png", "application/pdf"]),
      default: true,
    })
    expect(body[2]).toEqual({
      id: UNHEARD_OF,
      name: UNHEARD_OF,
      tier: "basic",
      inputTokens: null,
      outputTokens: null,
      thinking: [],
      tools: [],
      attachments: [],
      default: false,
    })
  })

  test("lists those for Pro to Pro users", async () => {
    const { body } = await pro.http.get("/models")
    expect(body.map(({ id, tier }: { id: string; tier: string }) => [id, tier])).toEqual([
      [USUAL, "basic"],
      [LITE, "basic"],
      [UNHEARD_OF, "basic"],
      [PRO, "pro"],
    ])
  })

  test("needs a token", async () => {
    expectProblem(await app.http.get("/models"), 401, "unauthenticated")
  })
})

describe("a room's model", () => {
  const NOT_OFFERED = [
    ["mistyped", "gemini-3.8-flahs"],
    ["retired", "gemini-1.5-flash"],
    ["for images", "gemini-3-pro-image"],
    ["for research", "deep-research-preview"],
    ["for Pro users", PRO],
  ]

  test.each(NOT_OFFERED)("is refused to a Basic user where it is %s, with the list", async (_, model) => {
    const room = await createRoom(app, ann)
    for (const answer of [
      await ann.http.post("/chatroom", { model }),
      await ann.http.patch(`/chatroom/${room.id}`, { model }),
    ]) {
      expectProblem(answer, 400, "invalid_request")
      expect(answer.body.detail).toContain([USUAL, LITE, UNHEARD_OF].join(", "))
      expect(answer.body.detail.includes("needs Pro")).toBe(model === PRO)
      expect(answer.body.errors).toEqual([
        { path: "body.model", message: expect.stringContaining(`must be one of ${USUAL}, ${LITE}`) },
      ])
    }
    expect((await ann.http.get(`/chatroom/${room.id}`)).body.model).toBe(USUAL)
  })

  test("that was withdrawn since is still in the first answer to a repeated request", async () => {
    const headers = { "Idempotency-Key": randomUUID() }
    const user = await signIn(app)
    await makePro(app, user)
    const first = await user.http.post("/chatroom", { model: PRO }, { headers })
    await app.query("UPDATE users SET pro_until = now() WHERE id = $1", user.user.id)
    const again = await user.http.post("/chatroom", { model: PRO }, { headers })
    expect(again).toMatchObject({ status: 201, body: first.body })
    expectProblem(await user.http.post("/chatroom", { model: PRO }), 400, "invalid_request")
  })

  test("answers where it is offered, and may be the default again", async () => {
    const room = await createRoom(app, pro, { model: PRO })
    expect((await ask(app, pro, room, "hello")).model).toBe(PRO)
    const changed = await pro.http.patch(`/chatroom/${room.id}`, { model: LITE })
    expect(changed).toMatchObject({ status: 200, body: { model: LITE } })
    expect((await ask(app, pro, room, "hello")).model).toBe(LITE)
    await pro.http.patch(`/chatroom/${room.id}`, { model: null })
    expect((await ask(app, pro, room, "hello")).model).toBe(USUAL)
  })

  test("gives way to the default while its owner is no longer Pro", async () => {
    const user = await signIn(app)
    await makePro(app, user)
    const room = await createRoom(app, user, { model: PRO })
    await app.query("UPDATE users SET pro_until = now() WHERE id = $1", user.user.id)
    const { body } = await send(app, user, room, "hello")
    expect(body.reply.model).toBe(USUAL)
    expect((await finalReply(app, user, body.reply)).model).toBe(USUAL)
    expect(app.gemini.calls().at(-1)?.model).toBe(USUAL)
    await makePro(app, user)
    expect((await ask(app, user, room, "hello again")).model).toBe(PRO)
  })

  test("gives way to the default once the operator has withdrawn it, also for a prompt that waits", async () => {
    const room = await createRoom(app, pro, { model: LITE })
    const held = (await send(app, pro, room, "[[gemini: chunks=400 delay=500]] held")).body.reply
    const waiting = (await send(app, pro, room, "waiting")).body.reply
    expect(waiting).toMatchObject({ status: "queued", model: LITE })
    // As after a start with other models.
    await app.query("UPDATE messages SET model = 'gemini-withdrawn' WHERE id = $1", waiting.id)
    await app.query("UPDATE chatrooms SET model = 'gemini-withdrawn' WHERE id = $1", room.id)
    await cancel(pro, held)
    expect(await finalReply(app, pro, waiting)).toMatchObject({ status: "completed", model: USUAL })
    expect((await send(app, pro, room, "the next")).body.reply.model).toBe(USUAL)
  })
})
