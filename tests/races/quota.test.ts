import { afterAll, beforeAll, expect, test } from "vitest"
import { signIn, startTestApp, type TestApp } from "../helpers/app.ts"
import { createRoom, makePro, promptsUsed, send } from "../helpers/chat.ts"
import { setNoon } from "../helpers/clock.ts"

let first: TestApp
let second: TestApp

beforeAll(async () => {
  first = await startTestApp()
  second = await startTestApp({ beside: first, worker: false })
})
afterAll(async () => {
  await second.close()
  await first.close()
})

test("of 200 prompts that a Basic user sends at once, to two processes and many rooms, exactly 5 are accepted", async () => {
  const user = await signIn(first)
  const rooms = await Promise.all(Array.from({ length: 10 }, () => createRoom(first, user)))
  await setNoon(first.pool)
  const since = performance.now()
  const answers = await Promise.all(
    Array.from({ length: 200 }, async (_, i) => {
      const { status, body } = await send(
        i % 2 ? first : second,
        user,
        rooms[i % 10] as { id: string },
        `prompt ${i}`,
      )
      return { status, code: body.code, tookMs: performance.now() - since }
    }),
  )
  const accepted = answers.filter(({ status }) => status === 202)
  expect(accepted).toHaveLength(5)
  // On a slow machine the last may have waited for as long as anybody does, 5 s; of those nothing is written either.
  const late = answers.filter(({ status, tookMs }) => status === 503 && tookMs > 4_900)
  const refusals = answers.filter((answer) => !accepted.includes(answer) && !late.includes(answer))
  expect(refusals.length).toBeGreaterThan(0)
  for (const answer of refusals) expect(answer).toMatchObject({ status: 429, code: "quota_exceeded" })
  const { rows } = await first.pool.query(
    "SELECT count(*)::int AS prompts FROM messages WHERE user_id = $1 AND role = 'user'",
    [user.user.id],
  )
  expect(rows[0].prompts).toBe(5)
})

test("prompts that are sent to one room at once get positions and parents in one order", async () => {
  const user = await signIn(first)
  await makePro(first, user)
  const room = await createRoom(first, user)
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, i) => send(i % 2 ? first : second, user, room, `prompt ${i}`)),
  )
  expect(answers.map(({ status }) => status)).toEqual(Array(40).fill(202))
  const all = (await first.http.get(`/chatroom/${room.id}/message?limit=100`, { token: user.token })).body
  expect(all).toHaveLength(80)
  for (const [i, message] of all.entries()) expect(message.parentId).toBe(all[i - 1]?.id ?? null)
  await expect
    .poll(
      async () =>
        (
          await first.pool.query("SELECT 1 FROM messages WHERE status <> 'completed' AND chatroom_id = $1", [
            room.id,
          ])
        ).rowCount,
      {
        timeout: 60_000,
      },
    )
    .toBe(0)
  expect(await promptsUsed(first, user)).toBe(40)
})
