import { readFileSync } from "node:fs"
import { expect } from "vitest"
import type { Answer } from "../../tools/lib/http.ts"
import { until } from "../helpers/answers.ts"
import type { SignedIn, TestApp } from "../helpers/app.ts"

export const fixture = (name: string) =>
  readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), "utf8")

/** Sends a file to import. */
export function upload(user: SignedIn, file: unknown): Promise<Answer> {
  const body = file instanceof Uint8Array || typeof file === "string" ? file : JSON.stringify(file)
  return user.http.post("/chatroom/import", body, { headers: { "Content-Type": "application/json" } })
}

/** Imports a file. @returns what became of it */
export async function importFile(user: SignedIn, file: unknown) {
  const { status, headers, body } = await upload(user, file)
  expect(status, JSON.stringify(body)).toBe(202)
  return untilEnded(user, headers.get("location") as string)
}

export function untilEnded(user: SignedIn, path: string) {
  return until(async () => {
    const { body } = await user.http.get(path)
    expect(body.completedAt).not.toBeNull()
    return body
  }, 85_000)
}

/** The room as an export has it. */
export async function exported(user: SignedIn, id: string) {
  return (await user.http.get(`/chatroom/${id}/export`)).body
}

/** The same without what is new after every import: ids become the numbers of messages. */
// biome-ignore lint/suspicious/noExplicitAny: of an export
export function withoutIds({ exportedAt: _, chatroom: { id: __, ...chatroom }, messages, ...rest }: any) {
  const numbers = new Map<string, number>(messages.map(({ id }: { id: string }, n: number) => [id, n]))
  const numberOf = (id: string | null) => (id === null ? null : numbers.get(id))
  return {
    ...rest,
    chatroom: { ...chatroom, headId: numberOf(chatroom.headId) },
    messages: messages.map((message: { id: string; parentId: string | null }) => ({
      ...message,
      id: numberOf(message.id),
      parentId: numberOf(message.parentId),
    })),
  }
}

/** What is stored of a user's imports. */
export async function stored(app: TestApp, user: SignedIn) {
  const [row] = await app.query(
    `SELECT (SELECT count(*)::int FROM imports WHERE user_id = $1) AS imports,
       (SELECT count(*)::int FROM import_chunks WHERE user_id = $1) AS chunks,
       (SELECT count(*)::int FROM chatrooms WHERE user_id = $1) AS rooms,
       (SELECT count(*)::int FROM messages WHERE user_id = $1) AS messages`,
    user.user.id,
  )
  return row as { imports: number; chunks: number; rooms: number; messages: number }
}
