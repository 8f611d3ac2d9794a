import { expect, test } from "vitest"
import { toIsoTime } from "../../src/utils/text-rows.ts"
import { ask, cancel, createRoom, finalReply, send } from "../helpers/chat.ts"
import { addRoom } from "../helpers/rooms.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"

const app = useTestApp()
const user = useUser(app, { pro: true })

async function textOf(path: string): Promise<string> {
  const response = await fetch(app.url + path, { headers: { Authorization: `Bearer ${user.token}` } })
  expect(response.status).toBe(200)
  expect(response.headers.get("content-type")).toBe("application/json; charset=utf-8")
  return response.text()
}

/** What few messages have, and texts that JSON or PostgreSQL write in their own ways. */
const CHANGES = [
  `content = E'"quoted" \\\\ back\\nline \\u2028 \\U0001F600 \\u0007', thoughts = E'a\\tb'`,
  "error_code = 'blocked', status = 'failed'",
  "error_code = 'provider_refused', error_message = 'No \"such\" picture.', status = 'failed'",
  `notices = '["web_search_limit", "of another version"]'`,
  `citations = '[{"uri": "https://a.example/?q=\\"x\\"", "title": null, "start": 1.5e3, "nested": {"b": [1, 2], "a": {}}}]'`,
  `search_queries = '["one", "two"]', feedback = '{"rating": "up", "reason": "it \\u00e4 helps"}'`,
  "prompt_tokens = NULL, output_tokens = 3, total_tokens = NULL, tool_tokens = 0, cached_tokens = NULL",
  "prompt_tokens = NULL, output_tokens = NULL, thought_tokens = NULL, tool_tokens = NULL, total_tokens = NULL",
  "cost_amount = 0.00000125, cost_currency = 'USD'",
  "cost_amount = NULL, cost_currency = NULL, finish_reason = NULL",
  "created_at = '2026-11-29 10:17:12', completed_at = '2026-11-29 10:17:12.4'",
  "created_at = '2026-11-29 10:17:12.409999', completed_at = '9999-12-31 23:59:59.999'",
  "model = 'a \"model\"'",
  "error_code = 'internal', status = 'failed'",
  `attachments = '[{"id": "01900000-0000-7000-8000-000000000000", "name": "b.png"}]'`,
]

/** A reply that was never made, which then has one of these alone. */
const NOT_MADE = `model = NULL, finish_reason = NULL, cost_amount = NULL, cost_currency = NULL, prompt_tokens = NULL,
  cached_tokens = NULL, output_tokens = NULL, thought_tokens = NULL, tool_tokens = NULL, total_tokens = NULL`
const ALONE = [
  "error_code = 'internal', status = 'failed'",
  "model = 'm'",
  "finish_reason = 'STOP'",
  "cost_amount = 0.5, cost_currency = 'USD'",
  ...["prompt", "output", "thought", "tool", "total"].map((kind) => `${kind}_tokens = 1`),
]

test("each message of a page is written as the message alone is, byte by byte", async () => {
  const room = await createRoom(app, user)
  const path = `/chatroom/${room.id}`
  for (const change of CHANGES) {
    const reply = await ask(app, user, room, "hello")
    await app.query(`UPDATE messages SET ${change} WHERE id = $1`, reply.id)
  }
  for (const change of ALONE) {
    const reply = await ask(app, user, room, "hello")
    for (const set of [NOT_MADE, change])
      await app.query(`UPDATE messages SET ${set} WHERE id = $1`, reply.id)
  }
  const last = await ask(app, user, room, "with versions")
  await finalReply(app, user, (await user.http.post(`${path}/message/${last.id}/regenerate`, {})).body)
  const busy = (await send(app, user, room, "[[gemini: stall after=1]] takes long")).body.reply
  const waiting = (await send(app, user, room, "waits")).body.reply

  const messages = JSON.parse(await textOf(`${path}/message?limit=100`)) as { id: string }[]
  expect(messages.length).toBeGreaterThan(2 * CHANGES.length + 4)
  expect(messages.find(({ id }) => id === waiting.id)).toMatchObject({ status: "queued" })
  // What time brings would change between two readings.
  const settled = messages.filter(({ id }) => id !== busy.id && id !== waiting.id)
  const [page, list] = [await textOf(`${path}?limit=100`), await textOf(`${path}/message?limit=100`)]
  const alone = await Promise.all(settled.map(({ id }) => textOf(`${path}/message/${id}`)))
  expect(alone.filter((text) => !list.includes(text))).toEqual([])
  const shown = JSON.parse(page) as { messages: { id: string }[] }
  const onBranch = alone.filter((text) => shown.messages.some(({ id }) => id === JSON.parse(text).id))
  expect(onBranch.length).toBeGreaterThan(2 * CHANGES.length)
  expect(onBranch.filter((text) => !page.includes(text))).toEqual([])
  for (const reply of [waiting, busy]) await cancel(user, reply)
})

test("pages of any length hold the branch as its messages alone are, with other branches between and long texts", async () => {
  const id = await addRoom(app, user.user.id, 12)
  const room = { id }
  const path = `/chatroom/${id}`
  const rows = await app.query("SELECT id FROM messages WHERE chatroom_id = $1 ORDER BY position", id)
  const middle = await ask(app, user, room, "a branch in the middle", { parentId: rows[5].id as string })
  await user.http.patch(path, { headId: rows[11].id })
  const last = await ask(app, user, room, "on the first branch again")
  await finalReply(app, user, (await user.http.post(`${path}/message/${last.id}/regenerate`, {})).body)
  await app.query("UPDATE messages SET content = $2 WHERE id = $1", rows[8].id, "x".repeat(200_000))
  for (const headId of [last.id, middle.id, rows[3].id]) {
    await user.http.patch(path, { headId })
    const alone: string[] = []
    for (let next = (await user.http.get(path)).body.headId; next !== null; ) {
      alone.unshift(await textOf(`${path}/message/${next}`))
      next = JSON.parse(alone[0] as string).parentId
    }
    for (const limit of [1, 2, 3, 5, 9, 14, 100]) {
      const page = await textOf(`${path}?limit=${limit}`)
      expect(page.slice(page.indexOf('"messages":'))).toBe(`"messages":[${alone.slice(-limit).join(",")}]}`)
    }
  }
})

test.each([
  ["2026-11-29 10:17:12.409+00", "2026-11-29T10:17:12.409Z"],
  ["2026-11-29 10:17:12+00", "2026-11-29T10:17:12.000Z"],
  ["2026-11-29 10:17:12.4+00", "2026-11-29T10:17:12.400Z"],
  ["2026-11-29 10:17:12.409999+00", "2026-11-29T10:17:12.409Z"],
  ["0044-03-15 10:17:12+00", "0044-03-15T10:17:12.000Z"],
])("%s is written as %s", (text, iso) => {
  expect(toIsoTime(text)).toBe(iso)
})
