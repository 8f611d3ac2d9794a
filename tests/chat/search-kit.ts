import { expect } from "vitest"
import { newId } from "../../src/utils/ids.ts"
import type { Answer } from "../../tools/lib/http.ts"
import type { SignedIn, TestApp } from "../helpers/app.ts"

export interface Result {
  room: { id: string; name: string; archivedAt: string | null }
  message: { id: string; content: string; role: string } | null
  excerpt: { text: string; start: number; matches: { start: number; end: number }[] }
}

interface Owner {
  user: { id: string }
}

/** Writes messages into a new room, straight into the table, oldest first. @returns the room's id and theirs */
export async function write(
  app: TestApp,
  { user }: Owner,
  texts: readonly string[],
  { name = "Room", temporary = false } = {},
): Promise<{ id: string; messages: string[] }> {
  const id = newId()
  await app.query(
    "INSERT INTO chatrooms (id, user_id, name, temporary) VALUES ($1, $2, $3, $4)",
    id,
    user.id,
    name,
    temporary,
  )
  const messages = texts.map(newId)
  await app.query(
    `INSERT INTO messages (user_id, id, chatroom_id, position, role, content, status, completed_at)
     SELECT $1, id, $2, n, CASE WHEN n % 2 = 1 THEN 'user' ELSE 'model' END, content, 'completed', now()
     FROM unnest($3::uuid[], $4::text[]) WITH ORDINALITY AS message (id, content, n)`,
    user.id,
    id,
    messages,
    texts,
  )
  return { id, messages }
}

/** Waits until all that a user wrote is indexed. */
export async function indexed(app: TestApp, { user }: Owner): Promise<void> {
  const waiting = async () =>
    (await app.query("SELECT count(*)::int AS count FROM search_queue WHERE user_id = $1", user.id))[0].count
  await expect.poll(waiting).toBe(0)
}

export async function search(
  user: SignedIn,
  q: string,
  more = "",
): Promise<Omit<Answer, "body"> & { body: Result[] }> {
  const answer = await user.http.get(`/search?q=${encodeURIComponent(q)}${more}`)
  expect(answer.status, JSON.stringify(answer.body)).toBe(200)
  return answer
}

/** What a search finds, in order: the texts of messages and the names of rooms. */
export async function found(user: SignedIn, q: string): Promise<string[]> {
  return (await search(user, q)).body.map(({ room, message }) => message?.content ?? room.name)
}

/** The parts of the text that an excerpt marks. */
export function marked({ excerpt }: Result): string[] {
  return excerpt.matches.map(({ start, end }) => excerpt.text.slice(start, end))
}
