import { expect, test } from "vitest"
import {
  advance,
  createWaker,
  nextPosition,
  type ReplyCursor,
} from "../../src/services/replies/stream/follow-reply.ts"
import type { LogEntry } from "../../src/services/replies/stream/reply-log.ts"

const entry = (offset: number, text: string): LogEntry => ({ attempt: 1, offset, text })

/** Goes through what was read. @returns where to go on in the log */
function read(place: ReplyCursor, entries: LogEntry[]) {
  for (const one of entries) Array.from(advance(place, one))
  return nextPosition(place, "before", { entries, position: "after" })
}

test("entries beyond a gap are read again until something has filled it", () => {
  const place = { attempt: 1, characters: 3 }
  expect(read(place, [entry(3, "def"), entry(9, "jkl")])).toBe("before")
  expect(place.characters).toBe(6)
  expect(read(place, [entry(3, "def"), entry(9, "jkl"), entry(6, "ghijkl")])).toBe("after")
  expect(place.characters).toBe(12)
})

test("what a stale attempt writes is no gap", () => {
  const place = { attempt: 2, characters: 3 }
  expect(read(place, [entry(9, "old")])).toBe("after")
})

test("notices of text, however many, don't put off the look at the row", async () => {
  const waker = createWaker(200, new AbortController().signal)
  expect(waker.take()).toBe("state")
  const since = performance.now()
  const notices = setInterval(() => waker.wake("text"), 10)
  let taken = null
  for (let i = 0; i < 100 && taken !== "state"; i++) {
    await waker.wait()
    taken = waker.take()
  }
  clearInterval(notices)
  expect(taken).toBe("state")
  expect(performance.now() - since).toBeGreaterThan(190)
})
