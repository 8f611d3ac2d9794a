import { expect, test } from "vitest"
import { FAILURES } from "../../src/services/replies/provider/failures.ts"
import { failedByPrompt } from "../../src/services/usage/quota.ts"
import { times, until } from "../helpers/answers.ts"
import { type SignedIn, signIn, startTestApp } from "../helpers/app.ts"
import {
  ask,
  cancel,
  createRoom,
  finalReply,
  makePro,
  promptsUsed,
  type Reply,
  send,
} from "../helpers/chat.ts"
import { setNoon } from "../helpers/clock.ts"
import { useTestApp } from "../helpers/use-app.ts"

const app = useTestApp({ timing: { replies: { firstRetryMs: 20 } } })
const idle = useTestApp({ worker: false })

/** Units that came back today for prompts that failed by their own content. */
async function givenBack(user: SignedIn): Promise<number> {
  const rows = await app.query("SELECT given_back FROM usage_counters WHERE user_id = $1", user.user.id)
  return rows[0].given_back
}

test("the failures that are the prompt's are few", () => {
  const codes = Object.keys(FAILURES).filter(failedByPrompt)
  expect(codes.sort()).toEqual(["blocked", "empty", "provider_refused", "truncated"])
})

test.each([
  ["blocked", "blocked", 1],
  ["safety after=1", "blocked", 1],
  ["empty", "empty", 1],
  ["max-tokens after=0", "truncated", 1],
  ["region", "misconfigured", 0],
  ["cut after=2", "interrupted", 0],
])("%s gives the unit back, and counts as the prompt's failure or doesn't", async (fault, code, counted) => {
  const user = await signIn(app)
  const reply = await ask(app, user, await createRoom(app, user), `[[gemini: ${fault}]]`)
  expect(reply).toMatchObject({ status: "failed", error: { code } })
  expect([await promptsUsed(app, user), await givenBack(user)]).toEqual([0, counted])
})

test("a reply that reached MAX_TOKENS with text is complete and used", async () => {
  const user = await signIn(app)
  const reply = await ask(app, user, await createRoom(app, user), "[[gemini: max-tokens after=2]]")
  expect(reply).toMatchObject({ status: "completed", finishReason: "MAX_TOKENS", error: null })
  expect([await promptsUsed(app, user), await givenBack(user)]).toEqual([1, 0])
})

test("of 100 prompts that are blocked 10 are taken: 5 units come back, 5 are used", async () => {
  await setNoon(app.pool)
  const user = await signIn(app)
  const room = await createRoom(app, user)
  const prompt = `[[gemini: blocked]] ${Math.random()}`
  const statuses: number[] = []
  for (let i = 0; i < 100; i++) {
    const { status, body } = await send(app, user, room, prompt)
    statuses.push(status)
    if (status === 202) await finalReply(app, user, body.reply)
  }
  expect(statuses).toEqual([...Array(10).fill(202), ...Array(90).fill(429)])
  expect(app.gemini.calls().filter((call) => call.prompt === prompt)).toHaveLength(10)
  expect([await promptsUsed(app, user), await givenBack(user)]).toEqual([5, 5])
})

test("of blocked replies that end at once, no more get their unit back than the day has left", async () => {
  await setNoon(app.pool)
  const user = await signIn(app)
  const rooms = await times(5, () => createRoom(app, user))
  await ask(app, user, rooms[0] as { id: string }, "[[gemini: blocked]]")
  await app.query("UPDATE usage_counters SET given_back = 3 WHERE user_id = $1", user.user.id)
  const replies = await Promise.all(rooms.map((room) => ask(app, user, room, "[[gemini: blocked]]")))
  expect(replies.map(({ status }) => status)).toEqual(Array(5).fill("failed"))
  expect([await promptsUsed(app, user), await givenBack(user)]).toEqual([3, 5])
})

test("what the provider fails comes back however much was blocked, and Pro without a limit gets all back", async () => {
  await setNoon(app.pool)
  const user = await signIn(app)
  const room = await createRoom(app, user)
  await ask(app, user, room, "[[gemini: blocked]]")
  await app.query("UPDATE usage_counters SET given_back = 5 WHERE user_id = $1", user.user.id)
  await ask(app, user, room, "[[gemini: region]]")
  expect(await promptsUsed(app, user)).toBe(0)
  await ask(app, user, room, "[[gemini: blocked]]")
  expect(await promptsUsed(app, user)).toBe(1)
  await makePro(app, user)
  await ask(app, user, room, "[[gemini: blocked]]")
  expect([await promptsUsed(app, user), await givenBack(user)]).toEqual([1, 6])
})

test("a model that isn't offered is refused before it costs anything", async () => {
  const user = await signIn(app)
  const refused = await user.http.post("/chatroom", { model: "gemini-1.5-flash" })
  expect(refused.status).toBe(400)
  expect(await promptsUsed(app, user)).toBe(0)
})

test("a reply that is cancelled before its first attempt gives its unit back, once", async () => {
  const user = await signIn(idle)
  const room = await createRoom(idle, user)
  const [first, second]: Reply[] = [
    (await send(idle, user, room, "first")).body.reply,
    (await send(idle, user, room, "second")).body.reply,
  ]
  expect(await promptsUsed(idle, user)).toBe(2)
  await times(5, () => cancel(user, second as Reply))
  expect(await promptsUsed(idle, user)).toBe(1)
  await times(5, () => cancel(user, first as Reply))
  expect(await promptsUsed(idle, user)).toBe(0)
})

test("a later cancel doesn't, not even between two attempts", async () => {
  const user = await signIn(app)
  const room = await createRoom(app, user)
  const running = (await send(app, user, room, "[[gemini: stall after=1]] running")).body.reply
  await expect.poll(() => app.gemini.calls().some(({ prompt }) => prompt.endsWith("running"))).toBe(true)
  await cancel(user, running)
  expect(await promptsUsed(app, user)).toBe(1)
  // The provider asks for a wait that is longer than the test.
  const waiting = (await send(app, user, room, "[[gemini: rate-limit retry=60s]] waiting")).body.reply
  await until(async () => {
    const [row] = await app.query("SELECT status, attempt FROM messages WHERE id = $1", waiting.id)
    expect(row).toEqual({ status: "queued", attempt: 1 })
  })
  await cancel(user, waiting)
  expect(await promptsUsed(app, user)).toBe(2)
})

test("a cancel that races the first attempt gives the unit back only where Gemini wasn't called", async () => {
  const user = await signIn(app)
  await makePro(app, user)
  await times(30, async (i) => {
    const racer = await signIn(app)
    const { body } = await send(app, racer, await createRoom(app, racer), `race ${i} of cancels`)
    await cancel(racer, body.reply)
    const isCalled = app.gemini.calls().some(({ prompt }) => prompt === `race ${i} of cancels`)
    expect({ used: await promptsUsed(app, racer), isCalled }).not.toEqual({ used: 0, isCalled: true })
  })
})

test("deleting a room gives nothing back", async () => {
  const user = await signIn(idle)
  const room = await createRoom(idle, user)
  await send(idle, user, room, "waits")
  await user.http.delete(`/chatroom/${room.id}`)
  expect(await promptsUsed(idle, user)).toBe(1)
})

test("midnight: what was charged yesterday comes back to yesterday", async () => {
  await using late = await startTestApp({ beside: idle, worker: false })
  await setNoon(idle.pool)
  const user = await signIn(idle)
  const { reply } = (await send(idle, user, await createRoom(idle, user), "before midnight")).body
  await idle.query("UPDATE usage_counters SET day = day - 1 WHERE user_id = $1", user.user.id)
  await idle.query("UPDATE messages SET charged_on = charged_on - 1 WHERE id = $1", reply.id)
  await send(late, user, await createRoom(late, user), "after midnight")
  await cancel(user, reply)
  const days = "SELECT used FROM usage_counters WHERE user_id = $1 ORDER BY day"
  expect(await idle.query(days, user.user.id)).toEqual([{ used: 0 }, { used: 1 }])
})
