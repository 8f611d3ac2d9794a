import { expect, test } from "vitest"
import { MINUTE } from "../../src/utils/time.ts"
import { signIn } from "../helpers/app.ts"
import { ask, cancel, createRoom, finalReply, makePro, promptsUsed, send } from "../helpers/chat.ts"
import { followRoom, texts } from "../helpers/follow-room.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"

const app = useTestApp()
const ann = useUser(app)

const retry = (id: string) => app.admin.post(`/admin/replies/${id}/retry`)

/** A Pro user's room with a failed reply, whose retry answers `prompt`. */
async function failReply(prompt: string, calls = 1) {
  const user = await signIn(app)
  await makePro(app, user)
  const room = await createRoom(app, user)
  app.gemini.script({ directive: "blocked", text: prompt, calls })
  const failed = await ask(app, user, room, prompt)
  expect(failed).toMatchObject({ status: "failed", error: { code: "blocked" } })
  return { user, room, failed }
}

test("failed replies are listed with reason and attempts, and can be retried", async () => {
  const room = await createRoom(app, ann)
  app.gemini.script({ directive: "key-invalid", text: "try again", calls: 1 })
  const failed = await ask(app, ann, room, "try again")
  expect(failed.error.code).toBe("misconfigured")
  const { body } = await app.admin.get("/admin/replies?limit=1")
  expect(body).toEqual([
    expect.objectContaining({
      id: failed.id,
      userId: ann.user.id,
      error: failed.error,
      attempts: 1,
      failures: 0,
      takeovers: 0,
    }),
  ])
  expect(JSON.stringify(body)).not.toContain("try again")
  expect(await retry(failed.id)).toMatchObject({ status: 202, body: { id: failed.id, status: "queued" } })
  expect(await finalReply(app, ann, failed)).toMatchObject({ status: "completed", error: null })
  expect(await retry(failed.id)).toMatchObject({ status: 404 })
  expect((await retry("x")).status).toBe(400)
  expect(await promptsUsed(app, ann)).toBe(0)
})

test("a retry keeps the order of its room", async () => {
  const { user, room, failed: older } = await failReply("older")
  const running = (await send(app, user, room, "[[gemini: stall after=2]] running")).body.reply
  const waiting = (await send(app, user, room, "waiting")).body.reply
  expect((await retry(older.id)).status).toBe(202)
  await cancel(user, running)
  const ends = await Promise.all([running, older, waiting].map((reply) => finalReply(app, user, reply)))
  expect(ends.map(({ status }) => status)).toEqual(["cancelled", "completed", "completed"])
  const times = ends.map(({ completedAt }) => Date.parse(completedAt))
  expect(times).toEqual([...times].sort((a, b) => a - b))
})

test("a retried reply is streamed to the room's listeners, to those that stay and to those that reconnect", async () => {
  const { user, room, failed } = await failReply("show me", 2)
  const newer = await ask(app, user, room, "newer")
  const stays = followRoom(app, user, room)
  await stays.until(() => expect(stays.events).toHaveLength(1))
  const left = stays.events[0]?.id

  await retry(failed.id)
  await stays.until(() => expect(stays.named("done")).toHaveLength(1))
  await retry(failed.id)
  await stays.until(() => expect(stays.named("done")).toHaveLength(2))
  const made = await finalReply(app, user, failed)
  expect(made).toMatchObject({ status: "completed" })
  await send(app, user, room, "[[gemini: chunks=3]] newest")
  await stays.until(() => expect(stays.named("done")).toHaveLength(3))
  await stays.stop()
  expect(stays.named("done").map(({ data }) => [data.id === failed.id, data.status])).toEqual([
    [true, "failed"],
    [true, "completed"],
    [false, "completed"],
  ])
  expect(stays.events.map(({ data }) => data.messageId)).not.toContain(newer.id)
  expect(stays.texts()[failed.id]).toBe(made.content)

  const back = followRoom(app, user, room, left)
  await back.until(() => expect(back.named("done")).toHaveLength(2))
  await back.stop()
  expect(back.named("reset")).toHaveLength(1)
  expect(back.texts()[failed.id]).toBe(made.content)
  expect(back.events.map(({ data }) => data.messageId)).not.toContain(newer.id)
})

test("a listener that disconnects during a retried reply resumes there", async () => {
  const { user, room, failed } = await failReply("[[gemini: chunks=20 delay=40]] half of it")
  await ask(app, user, room, "newer")
  const first = followRoom(app, user, room)
  await first.until(() => expect(first.events).toHaveLength(1))
  await retry(failed.id)
  await first.until(() => expect(first.named("delta").length).toBeGreaterThan(0))
  await first.stop()
  const second = followRoom(app, user, room, first.events.at(-1)?.id)
  await second.until(() => expect(second.named("done")).toHaveLength(1))
  await second.stop()
  expect(second.named("reset")).toEqual([])
  const { content } = await finalReply(app, user, failed)
  expect(texts([...first.events, ...second.events])).toEqual({ [failed.id]: content })
})

test("a retried reply waits for overloaded models as long as a new one does", async () => {
  const { failed } = await failReply("wait for me")
  await app.query(
    "UPDATE messages SET cooling_down_since = now() - interval '1 day' WHERE id = $1",
    failed.id,
  )
  const { model } = app.ctx.config.gemini
  for (let i = 0; i < 5; i++) app.ctx.circuitBreaker.failed(model, MINUTE)
  await retry(failed.id)
  const state = "SELECT status, attempt, failures FROM messages WHERE id = $1 AND status <> 'running'"
  await expect
    .poll(async () => await app.query(state, failed.id))
    .toEqual([{ status: "queued", attempt: 2, failures: 0 }])
  app.ctx.circuitBreaker.succeeded(model)
})
