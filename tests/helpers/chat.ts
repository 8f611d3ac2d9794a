import { expect, vi } from "vitest"
import type { Answer } from "../../tools/lib/http.ts"
import { PATIENCE_MS } from "./answers.ts"
import type { SignedIn, TestApp } from "./app.ts"
import { setNoon } from "./clock.ts"

export interface Reply {
  id: string
  chatroomId: string
}

/** A room of the user's. */
export async function createRoom(app: TestApp, user: SignedIn, body: object = {}): Promise<{ id: string }> {
  return (await app.http.post("/chatroom", body, { token: user.token })).body
}

/** Sends a prompt and gives the answer, which has the pending `reply`. */
export function send(
  app: TestApp,
  user: SignedIn,
  room: { id: string },
  message: string,
  extra: object = {},
): Promise<Answer> {
  return app.http.post(`/chatroom/${room.id}/message`, { message, ...extra }, { token: user.token })
}

/** Waits until the reply is final: longer than three attempts take whose jobs are lost, each until the next sweep. */
export async function finalReply(app: TestApp, user: SignedIn, reply: Reply, timeoutMs = PATIENCE_MS) {
  const path = `/chatroom/${reply.chatroomId}/message/${reply.id}`
  // What isn't in time is shown below. Not expect.poll, which can't be used in concurrent tests.
  await vi.waitUntil(() => isFinal(app, user, reply), { timeout: timeoutMs, interval: 20 }).catch(() => null)
  const { body } = await app.http.get(path, { token: user.token })
  expect(body.completedAt, JSON.stringify(body)).not.toBeNull()
  return body
}

/** Asks the database: requests, many at once, would take from the process what it needs to make the replies. */
async function isFinal(app: TestApp, user: SignedIn, reply: Reply): Promise<boolean> {
  const { rowCount } = await app.pool.query({
    name: "is-reply-unfinished",
    text: "SELECT FROM messages WHERE user_id = $1 AND id = $2 AND completed_at IS NULL",
    values: [user.user.id, reply.id],
  })
  return rowCount === 0
}

/** Sends a prompt and waits for its final reply. */
export async function ask(
  app: TestApp,
  user: SignedIn,
  room: { id: string },
  message: string,
  extra: object = {},
) {
  const { status, body } = await send(app, user, room, message, extra)
  expect(status, JSON.stringify(body)).toBe(202)
  return finalReply(app, user, body.reply)
}

/** Cancels a reply. */
export const cancel = (user: SignedIn, { id, chatroomId }: Reply): Promise<Answer> =>
  user.http.post(`/chatroom/${chatroomId}/message/${id}/cancel`)

export async function statusOf(app: TestApp, { id }: { id: string }): Promise<string> {
  return (await app.query("SELECT status FROM messages WHERE id = $1", id))[0].status
}

/** Prompts that count against today's quota. */
export async function promptsUsed(app: TestApp, user: SignedIn): Promise<number> {
  const rows = await app.query(
    "SELECT sum(used)::int AS used FROM usage_counters WHERE user_id = $1",
    user.user.id,
  )
  return rows[0].used ?? 0
}

/** Uses up the Basic quota of today, and sets the clock to noon so that the day doesn't end meanwhile. */
export async function useUpQuota(app: TestApp, user: SignedIn): Promise<void> {
  await setNoon(app.pool)
  const day = "(app_now() AT TIME ZONE 'UTC')::date"
  await app.query(`INSERT INTO usage_counters VALUES ($1, ${day}, 5)`, user.user.id)
}

/** Makes the user Pro, as a subscription will. */
export async function makePro(app: TestApp, user: SignedIn): Promise<void> {
  await app.query("UPDATE users SET pro_until = 'infinity' WHERE id = $1", user.user.id)
}
