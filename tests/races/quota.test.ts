import { expect, test } from "vitest"
import { count, times } from "../helpers/answers.ts"
import { signIn } from "../helpers/app.ts"
import { createRoom, makePro, promptsUsed, send } from "../helpers/chat.ts"
import { setNoon } from "../helpers/clock.ts"
import { useTestApp } from "../helpers/use-app.ts"

const first = useTestApp()
const second = useTestApp({ beside: first, worker: false })

test("of 200 prompts that a Basic user sends at once, to two processes and many rooms, exactly 5 are accepted", async () => {
  const user = await signIn(first)
  const rooms = await times(10, () => createRoom(first, user))
  await setNoon(first.pool)
  const answers = await times(200, (i) =>
    send(i % 2 ? first : second, user, rooms[i % 10] as { id: string }, `prompt ${i}`),
  )
  expect(count(answers, 202)).toBe(5)
  const refused = answers.flatMap(({ status, body }) => (status === 202 ? [] : `${status} ${body.code}`))
  expect(new Set(refused)).toEqual(new Set(["429 quota_exceeded"]))
  const rows = await first.query(
    "SELECT count(*)::int AS prompts FROM messages WHERE user_id = $1 AND role = 'user'",
    user.user.id,
  )
  expect(rows[0].prompts).toBe(5)
})

test("prompts that are sent to one room at once get positions and parents in one order", async () => {
  const user = await signIn(first)
  await makePro(first, user)
  const room = await createRoom(first, user)
  const answers = await times(40, (i) => send(i % 2 ? first : second, user, room, `prompt ${i}`))
  expect(answers.map(({ status }) => status)).toEqual(Array(40).fill(202))
  const all = (await first.http.get(`/chatroom/${room.id}/message?limit=100`, { token: user.token })).body
  expect(all).toHaveLength(80)
  for (const [i, message] of all.entries()) expect(message.parentId).toBe(all[i - 1]?.id ?? null)
  const unfinished = "SELECT 1 FROM messages WHERE status <> 'completed' AND chatroom_id = $1"
  await expect.poll(async () => (await first.pool.query(unfinished, [room.id])).rowCount).toBe(0)
  expect(await promptsUsed(first, user)).toBe(40)
})
