import { expect, test } from "vitest"
import {
  advance,
  createWaker,
  nextPosition,
  type ReplyCursor,
} from "../../src/services/replies/stream/follow-reply.ts"
import type { LogEntry } from "../../src/services/replies/stream/reply-log.ts"

const entry = (offset: number, text: string): LogEntry => ({ attempt: 1, offset, text })

/** Advances the cursor by the entries. @returns where to continue in the log */
function read(cursor: ReplyCursor, entries: LogEntry[]) {
  for (const one of entries) Array.from(advance(cursor, one))
  return nextPosition(cursor, "before", { entries, position: "after" })
}

test("entries beyond a gap are read again until something has filled it", () => {
  const cursor = { attempt: 1, characters: 3 }
  expect(read(cursor, [entry(3, "def"), entry(9, "jkl")])).toBe("before")
  expect(cursor.characters).toBe(6)
  expect(read(cursor, [entry(3, "def"), entry(9, "jkl"), entry(6, "ghijkl")])).toBe("after")
  expect(cursor.characters).toBe(12)
})

test("an entry of a stale attempt is no gap", () => {
  const cursor = { attempt: 2, characters: 3 }
  expect(read(cursor, [entry(9, "old")])).toBe("after")
})

test("wake-ups for text, however many, don't delay the check of the row", async () => {
  const waker = createWaker(200, new AbortController().signal)
  expect(waker.take()).toBe("state")
  const since = performance.now()
  const wakeUps = setInterval(() => waker.wake("text"), 10)
  let taken = null
  for (let i = 0; i < 100 && taken !== "state"; i++) {
    await waker.wait()
    taken = waker.take()
  }
  clearInterval(wakeUps)
  expect(taken).toBe("state")
  expect(performance.now() - since).toBeGreaterThan(190)
})
