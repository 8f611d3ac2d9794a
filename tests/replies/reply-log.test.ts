import { expect, test } from "vitest"
import { createText } from "../../src/services/replies/stream/live-replies.ts"
import type { LogEntry, Notice, ReplyLog } from "../../src/services/replies/stream/reply-log.ts"
import { newId } from "../../src/utils/ids.ts"
import { shown } from "../helpers/live-text.ts"
import { useTestApp } from "../helpers/use-app.ts"

const app = useTestApp({ worker: false })
const isOnRedis = process.env.TEST_BACKEND === "redis"

/** What a listener makes of the notices alone, from the moment that it is sure to get them. */
async function listen(log: ReplyLog, replyId: string) {
  const text = createText()
  const notices: Notice[] = []
  const stop = log.subscribe(replyId, (notice) => {
    notices.push(notice)
    if (typeof notice === "object") text.takeEntries([notice])
  })
  // Redis confirms a subscription; within a process it needs no word.
  if (isOnRedis) await expect.poll(() => notices).toContain("missed")
  return { text, notices, stop }
}

async function readText(log: ReplyLog, replyId: string) {
  const text = createText()
  const { entries } = await log.read(replyId, null)
  text.takeEntries(entries)
  return { text, entries }
}

const pieces = (attempt: number, count: number): LogEntry[] =>
  Array.from({ length: count }, (_, n) => ({ attempt, part: "text", offset: n * 4, text: `${n % 10}é😀` }))

const whole = (entries: LogEntry[]) => entries.map(({ text }) => text).join("")

test("pieces that come together are kept in order, for each reply, and listeners get them as they are", async () => {
  const { replyLog } = app.ctx
  const ids = [newId(), newId(), newId()]
  const listeners = await Promise.all(ids.map((id) => listen(replyLog, id)))
  const all = pieces(1, 100)
  for (const id of ids) replyLog.begin(id, 1)
  const kept = all.flatMap((entry) => ids.map((id) => replyLog.append(id, entry)))
  expect(new Set(await Promise.all(kept))).toEqual(new Set(["kept"]))
  for (const [n, id] of ids.entries()) {
    const { text, entries } = await readText(replyLog, id)
    expect(shown(text)).toMatchObject({ attempt: 1, value: whole(all) })
    if (isOnRedis) expect(entries.length).toBeLessThan(10)
    await expect.poll(() => String(listeners[n]?.text.value)).toBe(whole(all))
    listeners[n]?.stop()
  }
})

test("thoughts and text of one turn stay apart, and a piece may be sent again", async () => {
  const { replyLog } = app.ctx
  const id = newId()
  const { text, stop } = await listen(replyLog, id)
  replyLog.begin(id, 1)
  const entry = (part: LogEntry["part"], offset: number, text: string) => ({ attempt: 1, part, offset, text })
  void replyLog.append(id, entry("thought", 0, "5.1t: hm"))
  void replyLog.append(id, entry("text", 0, "state"))
  void replyLog.append(id, entry("text", 0, "state"))
  void replyLog.append(id, entry("thought", 8, "\nso"))
  await replyLog.append(id, entry("text", 5, " text"))
  const expected = { value: "state text", thoughts: "5.1t: hm\nso" }
  await expect.poll(() => shown(text)).toMatchObject(expected)
  expect(shown((await readText(replyLog, id)).text)).toMatchObject(expected)
  stop()
})

test("a new attempt drops the text of the one before, and listeners are told at once", async () => {
  const { replyLog } = app.ctx
  const id = newId()
  const { text, notices, stop } = await listen(replyLog, id)
  replyLog.begin(id, 1)
  for (const entry of pieces(1, 3)) void replyLog.append(id, entry)
  replyLog.begin(id, 2)
  await expect.poll(() => shown(text)).toMatchObject({ attempt: 2, value: "" })
  const second = pieces(2, 2)
  await Promise.all(second.map((entry) => replyLog.append(id, entry)))
  expect(shown((await readText(replyLog, id)).text)).toMatchObject({ attempt: 2, value: whole(second) })
  replyLog.announce(id, { final: true })
  await expect.poll(() => notices.at(-1)).toBe("state")
  expect(shown(text)).toMatchObject({ attempt: 2, value: whole(second) })
  stop()
})

test("a log without its beginning isn't made, and one that is gone begins again", async ({ skip }) => {
  skip(!isOnRedis, "in one process the log is no store of its own")
  const { replyLog } = app.ctx
  const id = newId()
  const [first, second] = pieces(1, 2) as [LogEntry, LogEntry]
  expect(await replyLog.append(id, second)).toBe("gone")
  // Both in one pipeline: the first makes the log that the second goes on with.
  const joined = [replyLog.append(id, first), replyLog.append(id, second)]
  expect(await Promise.all(joined)).toEqual(["kept", "kept"])
  expect(await replyLog.drop(id)).toBe(true)
  expect(await replyLog.append(id, second)).toBe("gone")
  expect((await readText(replyLog, id)).entries).toEqual([])
})
