import { expect, test } from "vitest"
import type { Context } from "../../src/services/context.ts"
import type { Appended, LogEntry } from "../../src/services/replies/stream/reply-log.ts"
import { openAttemptBuffer } from "../../src/services/replies/worker/attempt-buffer.ts"
import type { Attempt } from "../../src/services/replies/worker/claim-reply.ts"

const NOTHING = () => undefined

/** A buffer whose log answers as it is told, and what it was given. */
function open() {
  const given: Pick<LogEntry, "offset" | "text">[] = []
  let answer: Appended = "kept"
  const append = async (_: string, { offset, text }: LogEntry) => {
    given.push({ offset, text })
    return answer
  }
  const ctx = {
    replyLog: { append },
    leases: { renew: () => NOTHING },
    cancellations: { listen: () => NOTHING },
  } as unknown as Context
  const attempt = { id: "reply", number: 1, failures: 0 } as Attempt
  const buffer = openAttemptBuffer(ctx, attempt, new AbortController().signal)
  /** Adds a piece, and waits until the buffer knows what became of it. */
  const add = async (piece: string, outcome: Appended) => {
    answer = outcome
    buffer.add("text", piece)
    await new Promise(setImmediate)
  }
  return { buffer, given, add }
}

test("a piece goes to the log as it came, behind those before it", async () => {
  const { buffer, given, add } = open()
  for (const piece of ["abc", "", "de\u0000f"]) await add(piece, "kept")
  expect(given).toEqual([
    { offset: 0, text: "abc" },
    { offset: 3, text: "def" },
  ])
  expect(buffer.text).toBe("abcdef")
})

test("what the log lost goes to it with the next piece, and all of the text where the log is gone", async () => {
  const { given, add } = open()
  await add("abc", "kept")
  await add("def", "failed")
  await add("ghi", "failed")
  await add("jkl", "kept")
  await add("mno", "gone")
  await add("p", "kept")
  expect(given.map(({ offset, text }) => `${offset} ${text}`)).toEqual([
    "0 abc",
    "3 def",
    "3 defghi",
    "3 defghijkl",
    "12 mno",
    "0 abcdefghijklmnop",
  ])
})
