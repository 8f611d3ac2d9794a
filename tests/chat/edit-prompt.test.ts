import { randomUUID } from "node:crypto"
import { describe, expect, test } from "vitest"
import { claimReply } from "../../src/services/replies/worker/claim-reply.ts"
import { expectProblem, times } from "../helpers/answers.ts"
import { signIn, startTestApp } from "../helpers/app.ts"
import { cancel, createRoom, finalReply, promptsUsed, type Reply, send } from "../helpers/chat.ts"
import { followRoom } from "../helpers/follow-room.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"

// Without a worker, so that replies begin when a test says so.
const app = useTestApp({ worker: false })
const ann = useUser(app, { pro: true })

const edit = ({ id, chatroomId }: Reply, message: unknown, user = ann) =>
  user.http.patch(`/chatroom/${chatroomId}/message/${id}`, { message })

async function sendOne(message = "before", user = ann) {
  const room = await createRoom(app, user)
  return (await send(app, user, room, message)).body
}

describe("a prompt whose reply no worker has begun", () => {
  test("is changed, for nothing, and its listeners see it", async () => {
    const prompt = await sendOne()
    const listener = followRoom(app, ann, { id: prompt.chatroomId })
    await listener.until(() => expect(listener.named("chatroom")).toHaveLength(1))
    const used = await promptsUsed(app, ann)
    const { status, body } = await edit(prompt, "after")
    expect(status).toBe(200)
    const { reply: _, ...rest } = prompt
    expect(body).toEqual({ ...rest, content: "after" })
    await listener.until(() => expect(listener.named("message").at(-1)?.data.content).toBe("after"))
    await listener.stop()
    expect(listener.named("message").at(-1)?.data.id).toBe(prompt.id)
    expect(await promptsUsed(app, ann)).toBe(used)
    expect((await ann.http.get(`/chatroom/${prompt.chatroomId}/message/${prompt.id}`)).body).toEqual(body)
  })

  test("is changed again and again; the last text is what the model gets", async () => {
    const prompt = await sendOne()
    for (const message of ["second", "second", "third"])
      expect((await edit(prompt, message)).status).toBe(200)
    await using _worker = await startTestApp({ beside: app })
    await finalReply(app, ann, prompt.reply)
    expect(app.gemini.calls().map((call) => call.prompt)).toEqual(expect.arrayContaining(["third"]))
    expect(app.gemini.calls().some((call) => call.prompt === "second")).toBe(false)
    expectProblem(await edit(prompt, "too late"), 409, "already_started")
  })

  test("leaves nothing of its old text: a repetition of its sending shows the new one", async () => {
    const room = await createRoom(app, ann)
    const sendKeyed = () =>
      ann.http.post(
        `/chatroom/${room.id}/message`,
        { message: "the old text" },
        { headers: { "Idempotency-Key": "edited" } },
      )
    const { body } = await sendKeyed()
    await edit(body, "the new text")
    expect((await sendKeyed()).body).toEqual({ ...body, content: "the new text" })
    const [kept] = await app.query("SELECT result::text FROM idempotency_keys WHERE key = 'edited'")
    expect(kept?.result).not.toContain("the old text")
  })

  test("is changed, too, after the reply was cancelled in the queue", async () => {
    const prompt = await sendOne()
    await cancel(ann, prompt.reply)
    expect((await edit(prompt, "after")).body.content).toBe("after")
  })

  test("is changed or begun, whichever comes first, and never both", async () => {
    const prompts = await times(20, () => sendOne())
    const results = await Promise.all(
      prompts.map(async (prompt) => {
        const claim = claimReply(app.ctx, { userId: ann.user.id, id: prompt.reply.id })
        const edited = edit(prompt, "after")
        return { prompt, claimed: await claim, edited: await edited }
      }),
    )
    for (const { prompt, claimed, edited } of results) {
      expect("attempt" in claimed).toBe(true)
      const { content } = (await ann.http.get(`/chatroom/${prompt.chatroomId}/message/${prompt.id}`)).body
      if (edited.status === 200) expect(content).toBe("after")
      else {
        expectProblem(edited, 409, "already_started")
        expect(content).toBe("before")
      }
    }
  })
})

describe("a change of a message is refused", () => {
  test.each([[""], [" "], [1], [null], ["x".repeat(32_001)], [undefined]])(
    "for %j with 400",
    async (message) => {
      const prompt = await sendOne()
      expectProblem(await edit(prompt, message), 400, "invalid_request")
    },
  )

  test("for a reply, an unknown message, a stranger, and without a token", async () => {
    const prompt = await sendOne()
    expectProblem(await edit(prompt.reply, "after"), 404, "not_found")
    expectProblem(await edit({ ...prompt, id: randomUUID() }, "after"), 404, "not_found")
    expectProblem(await edit(prompt, "after", await signIn(app)), 404, "not_found")
    const path = `/chatroom/${prompt.chatroomId}/message/${prompt.id}`
    expectProblem(await app.http.patch(path, { message: "after" }), 401, "unauthenticated")
    expect((await ann.http.get(path)).body.content).toBe("before")
  })
})
