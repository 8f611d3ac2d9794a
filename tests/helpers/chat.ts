import { expect, vi } from "vitest"
import type { Answer } from "../../tools/lib/http.ts"
import type { SignedIn, TestApp } from "./app.ts"

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
export async function finalReply(
  app: TestApp,
  user: SignedIn,
  reply: { id: string; chatroomId: string },
  timeoutMs = 40_000,
) {
  const path = `/chatroom/${reply.chatroomId}/message/${reply.id}`
  // Not expect.poll, which can't be used in concurrent tests.
  return vi.waitFor(
    async () => {
      const { body } = await app.http.get(path, { token: user.token })
      expect(body.completedAt).not.toBeNull()
      return body
    },
    { timeout: timeoutMs, interval: 20 },
  )
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

/** Prompts that count against today's quota. */
export async function promptsUsed(app: TestApp, user: SignedIn): Promise<number> {
  const { rows } = await app.pool.query(
    "SELECT sum(used)::int AS used FROM usage_counters WHERE user_id = $1",
    [user.user.id],
  )
  return rows[0].used ?? 0
}

/** Makes the user Pro, as a subscription will. */
export async function makePro(app: TestApp, user: SignedIn): Promise<void> {
  await app.pool.query("UPDATE users SET pro_until = 'infinity' WHERE id = $1", [user.user.id])
}
