import { randomUUID } from "node:crypto"
import { describe, expect, test } from "vitest"
import { collect, joinDeltas } from "../../tools/lib/http.ts"
import { expectProblem, times, until } from "../helpers/answers.ts"
import { type SignedIn, signIn } from "../helpers/app.ts"
import { ask, cancel, createRoom, finalReply, promptsUsed, type Reply, send } from "../helpers/chat.ts"
import { usePair } from "../helpers/pair.ts"
import { useUser } from "../helpers/use-app.ts"

const { app, worker } = usePair({ http: { streamsPerUser: 100 } })
const ann = useUser(app, { pro: true })

const pathOf = ({ id, chatroomId }: Reply) => `/chatroom/${chatroomId}/message/${id}`

const goOn = (reply: Reply, body: object = {}, user: SignedIn = ann, headers: Record<string, string> = {}) =>
  user.http.post(`${pathOf(reply)}/continue`, body, { headers })

/** Asks for a reply that reaches the limit of tokens after `after` chunks, and gets all of it if asked again. */
const askCut = async (message: string, { after = 3, room = {}, user = ann } = {}) =>
  ask(
    app,
    user,
    await createRoom(app, user, room),
    `[[gemini: max-tokens after=${after} times=1]] ${message}`,
  )

/** What the same prompt gets once its faults have had their turns. */
async function wholeTextOf({ parentId }: { parentId: string }): Promise<string> {
  const { rows } = await app.pool.query("SELECT content FROM messages WHERE id = $1", [parentId])
  return (await ask(app, ann, await createRoom(app, ann), rows[0].content)).content
}

const lastContents = () =>
  app.gemini
    .calls()
    .at(-1)
    ?.contents.map(({ role, parts }) => `${role}: ${parts?.map(({ text }) => text).join(" + ")}`) as string[]

describe("continuing a reply", () => {
  test("makes a version that begins with its text and goes on, for one unit", async () => {
    const user = await signIn(app)
    const cut = await askCut("hello", { user })
    const { status, headers, body } = await goOn(cut, {}, user)
    expect(status).toBe(202)
    expect(headers.get("location")).toBe(pathOf(body))
    const siblings = { position: 2, count: 2, previousId: cut.id, nextId: null }
    expect(body).toMatchObject({ parentId: cut.parentId, content: cut.content, status: "queued", siblings })
    const reply = await finalReply(app, user, body)
    expect(reply).toMatchObject({ status: "completed", finishReason: "STOP" })
    expect(reply.content).toBe(await wholeTextOf(cut))
    expect((await user.http.get(`/chatroom/${cut.chatroomId}`)).body.headId).toBe(reply.id)
    expect((await user.http.get(pathOf(cut))).body).toMatchObject({ content: cut.content })
    expect(await promptsUsed(app, user)).toBe(2)
  })

  test("sends the model its text and asks it to go on from there; later prompts get the whole", async () => {
    const cut = await askCut("the beginning")
    const reply = await finalReply(app, ann, (await goOn(cut)).body)
    const contents = lastContents()
    expect(contents.slice(0, 2)).toEqual([
      "user: [[gemini: max-tokens after=3 times=1]] the beginning",
      `model: ${cut.content}`,
    ])
    expect(contents[2]).toMatch(
      /^user: Your last message was cut off\. Continue it from exactly where it ends/,
    )
    await ask(app, ann, { id: cut.chatroomId }, "and then?")
    expect(lastContents()[1]).toBe(`model: ${reply.content}`)
    expect(lastContents()).toHaveLength(3)
  })

  test("streams its text first, and counts from its beginning", async () => {
    const cut = await askCut("[[gemini: delay=20]] streamed")
    const { body } = await goOn(cut)
    const events = await collect(ann.http.events(`${pathOf(body)}/stream`))
    const done = events.at(-1)
    expect(events.some(({ event }) => event === "reset")).toBe(false)
    expect(joinDeltas(events)).toBe(done?.data.content)
    expect(done?.data.content.startsWith(cut.content)).toBe(true)
    expect(done?.id).toBe(`1-${done?.data.content.length}`)
    const resumed = ann.http.events(`${pathOf(body)}/stream`, {
      headers: { "Last-Event-ID": `1-${cut.content.length}` },
    })
    expect(cut.content + joinDeltas(await collect(resumed))).toBe(done?.data.content)
  })

  test("begins each attempt with its text, also the one that takes over", async () => {
    const cut = await askCut("[[gemini: stall after=2 times=1]] taken over")
    const { body } = await goOn(cut)
    const begun = "SELECT content FROM messages WHERE id = $1 AND attempt = 1 AND length(content) > $2"
    await until(async () => expect(await app.query(begun, body.id, cut.content.length)).toHaveLength(1))
    const stream = collect(ann.http.events(`${pathOf(body)}/stream`))
    await app.query(
      "UPDATE messages SET status = 'queued', lease_until = now() - interval '1 minute' WHERE id = $1",
      body.id,
    )
    await worker.ctx.queue.enqueue({ userId: ann.user.id, id: body.id }, { inFlight: 1, dedupeKey: "again" })
    const reply = await finalReply(app, ann, body)
    expect(reply).toMatchObject({ status: "completed" })
    expect(reply.content).toBe(await wholeTextOf(cut))
    const events = await stream
    expect(joinDeltas(events.slice(events.findLastIndex(({ event }) => event === "reset") + 1))).toBe(
      reply.content,
    )
  })

  test("goes on with one that was stopped, and again with what was stopped of that", async () => {
    const room = await createRoom(app, ann)
    const { body } = await send(
      app,
      ann,
      room,
      "[[gemini: stall after=3 times=1]] [[gemini: stall after=2 times=1]] stop",
    )
    let last = body.reply
    for (const _ of [1, 2]) {
      const content = "SELECT 1 FROM messages WHERE id = $1 AND length(content) > length(prefix)"
      await until(async () => expect(await app.query(content, last.id)).toHaveLength(1))
      const { body: stopped } = await cancel(ann, last)
      expect(stopped.status).toBe("cancelled")
      const { status, body } = await goOn(last)
      expect([status, body.content]).toEqual([202, stopped.content])
      last = body
    }
    const reply = await finalReply(app, ann, last)
    expect(reply).toMatchObject({ status: "completed", siblings: { position: 3, count: 3 } })
    expect(reply.content).toBe(await wholeTextOf(reply))
  })

  test("keeps its sources, and counts those of the rest from the beginning of the whole", async () => {
    const cut = await askCut("who won?", { after: 6, room: { webSearch: true } })
    const reply = await finalReply(app, ann, (await goOn(cut)).body)
    expect(reply.searchQueries).toEqual(expect.arrayContaining(cut.searchQueries))
    for (const citation of cut.citations) expect(reply.citations).toContainEqual(citation)
    for (const { start, end } of reply.citations)
      expect(end - start).toBeLessThanOrEqual(reply.content.length)
  })

  test("is done with the model and the level that are asked for", async () => {
    const { body } = await goOn(await askCut("with a level"), { thinking: "low" })
    expect(await app.query("SELECT thinking FROM messages WHERE id = $1", body.id)).toEqual([
      { thinking: "low" },
    ])
    await finalReply(app, ann, body)
  })

  test("with an Idempotency-Key adds one reply, however many requests carry it at once", async () => {
    const user = await signIn(app)
    const cut = await askCut("once", { user })
    const headers = { "Idempotency-Key": randomUUID() }
    const answers = await times(8, () => goOn(cut, {}, user, headers))
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1)
    expect(await promptsUsed(app, user)).toBe(2)
    expectProblem(await goOn(cut, { thinking: "low" }, user, headers), 422, "idempotency_conflict")
    await finalReply(app, user, answers[0]?.body)
  })

  test("that fails keeps its text, and can be tried again", async () => {
    const cut = await askCut("[[gemini: blocked times=1]] in vain")
    const failed = await finalReply(app, ann, (await goOn(cut)).body)
    expect(failed).toMatchObject({ status: "failed", content: cut.content, error: { code: "blocked" } })
    expectProblem(await goOn(failed), 409, "not_continuable")
    const reply = await finalReply(app, ann, (await goOn(cut)).body)
    expect(reply).toMatchObject({ status: "completed", finishReason: "STOP" })
  })
})

describe("a reply can't be continued", () => {
  const expectRefused = async (reply: Reply) => {
    const used = await promptsUsed(app, ann)
    expectProblem(await goOn(reply), 409, "not_continuable")
    expect(await promptsUsed(app, ann)).toBe(used)
  }

  test("that is complete, is still made, has no text, or was blocked", async () => {
    const room = await createRoom(app, ann)
    await expectRefused(await ask(app, ann, room, "complete"))
    const { body } = await send(app, ann, room, "[[gemini: stall after=2]] in the making")
    await expectRefused(body.reply)
    const waiting = (await send(app, ann, room, "never begun")).body.reply
    await cancel(ann, waiting)
    await expectRefused(waiting)
    await cancel(ann, body.reply)
    await expectRefused(await ask(app, ann, room, "[[gemini: safety after=2]] blocked half-way"))
  })

  test("that is a prompt, unknown, or a stranger's", async () => {
    const cut = await askCut("mine")
    const prompt = { id: cut.parentId, chatroomId: cut.chatroomId }
    expectProblem(await goOn(prompt), 404, "not_found")
    expectProblem(await goOn({ ...cut, id: randomUUID() }), 404, "not_found")
    expectProblem(await goOn(cut, {}, await signIn(app)), 404, "not_found")
    expectProblem(await app.http.post(`${pathOf(cut)}/continue`, {}), 401, "unauthenticated")
    expectProblem(await goOn(cut, { message: "more" }), 400, "invalid_request")
    expectProblem(await goOn(cut, { model: "gemini-9" }), 400, "invalid_request")
    expect((await ann.http.get(`/chatroom/${cut.chatroomId}/message`)).body).toHaveLength(2)
  })

  test("over the quota", async () => {
    const user = await signIn(app)
    const cut = await askCut("the last one", { user })
    await app.query("UPDATE usage_counters SET used = 5 WHERE user_id = $1", user.user.id)
    expectProblem(await goOn(cut, {}, user), 429, "quota_exceeded")
  })
})
