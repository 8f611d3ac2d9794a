import fc from "fast-check"
import { describe, expect, test } from "vitest"
import type { MessageRecord } from "../../src/services/chat/message-record.ts"
import {
  catchUp,
  createWaker,
  parseReplyCursor,
  type ReplyCursor,
} from "../../src/services/replies/stream/follow-reply.ts"
import { createText } from "../../src/services/replies/stream/live-replies.ts"
import type { LogEntry, ReplyPart } from "../../src/services/replies/stream/reply-log.ts"
import { Rope } from "../../src/utils/rope.ts"
import { shown } from "../helpers/live-text.ts"

const entry = (offset: number, text: string, attempt = 1, part: ReplyPart = "text"): LogEntry => ({
  attempt,
  part,
  offset,
  text,
})
const rowOf = (status: string, attempt: number, content: string, thoughts = "") =>
  ({ status, attempt, content, thoughts }) as MessageRecord

describe("the text that row and log make together", () => {
  test("leaves out entries beyond a gap, to be read again, until something has filled it", () => {
    const text = createText()
    expect(text.takeEntries([entry(0, "abc"), entry(3, "def"), entry(9, "jkl")])).toBe(false)
    expect(String(text.value)).toBe("abcdef")
    expect(text.takeEntries([entry(3, "def"), entry(9, "jkl"), entry(6, "ghijkl")])).toBe(true)
    expect(String(text.value)).toBe("abcdefghijkl")
  })

  test("takes from the row what the log has lost, and goes on in the log", () => {
    const text = createText()
    expect(text.takeEntries([entry(6, "ghi")])).toBe(false)
    text.takeRow(rowOf("running", 1, "abcdef"))
    expect(text.takeEntries([entry(6, "ghi")])).toBe(true)
    // A row that was stored before the log's newest entry.
    text.takeRow(rowOf("running", 1, "abcdef"))
    expect(shown(text)).toMatchObject({ attempt: 1, value: "abcdefghi" })
  })

  test("begins anew with an attempt, wherever it is seen first, and stays deaf to a stale one", () => {
    const text = createText()
    text.takeRow(rowOf("running", 1, "first"))
    expect(text.takeEntries([entry(0, "sec", 2), entry(5, " late", 1)])).toBe(true)
    text.takeRow(rowOf("running", 1, "first of all"))
    expect(shown(text)).toMatchObject({ attempt: 2, value: "sec" })
    text.takeRow(rowOf("running", 3, ""))
    expect(shown(text)).toMatchObject({ attempt: 3, value: "" })
  })

  test("is the row's once that is final, though the log has more, until it is made once more", () => {
    const text = createText()
    text.takeEntries([entry(0, "abcdef")])
    text.takeRow(rowOf("cancelled", 1, "abc"))
    text.takeEntries([entry(6, "ghi")])
    expect(shown(text)).toMatchObject({ attempt: 1, value: "abc" })
    text.takeRow(rowOf("queued", 1, ""))
    expect(shown(text)).toMatchObject({ attempt: 1, value: "" })
    expect(text.takeEntries([entry(0, "new", 2)])).toBe(true)
    expect(String(text.value)).toBe("new")
  })
})

describe("the thoughts beside the text", () => {
  test("have gaps, a row and attempts of their own", () => {
    const text = createText()
    expect(
      text.takeEntries([entry(0, "ab"), entry(0, "hm", 1, "thought"), entry(5, "!", 1, "thought")]),
    ).toBe(false)
    expect(shown(text)).toMatchObject({ value: "ab", thoughts: "hm" })
    text.takeRow(rowOf("running", 1, "a", "hmmmm"))
    expect(shown(text)).toMatchObject({ value: "ab", thoughts: "hmmmm" })
    expect(text.takeEntries([entry(5, "!", 1, "thought")])).toBe(true)
    expect(shown(text)).toMatchObject({ value: "ab", thoughts: "hmmmm!" })
    text.takeEntries([entry(0, "x", 2, "thought")])
    expect(shown(text)).toMatchObject({ attempt: 2, value: "", thoughts: "x" })
    text.takeRow(rowOf("completed", 2, "done", "xy"))
    expect(shown(text)).toMatchObject({ value: "done", thoughts: "xy" })
  })
})

describe("a listener's cursor", () => {
  const at = (attempt: number, characters: number, thoughts = 0): ReplyCursor => ({
    attempt,
    characters,
    thoughts,
  })
  const run = (
    cursor: ReplyCursor,
    row: MessageRecord | null,
    attempt: number,
    text: string,
    thoughts = "",
  ) =>
    Array.from(catchUp(cursor, { attempt, text: new Rope(text), thoughts: new Rope(thoughts), row })).map(
      ({ event, id }) => [event, id],
    )

  test("gets what it lacks, and nothing twice", () => {
    const cursor = at(1, 3)
    const row = rowOf("running", 1, "")
    expect(run(cursor, row, 1, "abcdef")).toEqual([["delta", "1-6"]])
    expect(run(cursor, row, 1, "abcdef")).toEqual([])
  })

  test("that is ahead of this process waits for it, and is reset where the text has ended", () => {
    const cursor = at(1, 9)
    expect(run(cursor, rowOf("running", 1, ""), 1, "abcdef")).toEqual([])
    expect(cursor.characters).toBe(9)
    expect(run(cursor, rowOf("completed", 1, "abcdef"), 1, "abcdef")).toEqual([
      ["reset", "1-0"],
      ["delta", "1-6"],
    ])
  })

  test("of an attempt that never was is reset; one without text has nothing to reset", () => {
    expect(run(at(9, 1), rowOf("running", 1, ""), 1, "ab")).toEqual([
      ["reset", "1-0"],
      ["delta", "1-2"],
    ])
    expect(run(at(1, 0), rowOf("running", 2, ""), 2, "ab")).toEqual([["delta", "2-2"]])
    expect(run(at(1, 4), rowOf("running", 2, ""), 2, "")).toEqual([["reset", "2-0"]])
  })

  test("counts thoughts beside the text, which void each other's attempts", () => {
    const row = rowOf("running", 1, "")
    const cursor = at(1, 0)
    expect(run(cursor, row, 1, "", "hm")).toEqual([["thought", "1-0-2"]])
    expect(run(cursor, row, 1, "abc", "hmm")).toEqual([
      ["thought", "1-0-3"],
      ["delta", "1-3-3"],
    ])
    expect(run(cursor, row, 1, "abc", "hmm")).toEqual([])
    // One that knows of the text alone gets the thoughts, too.
    expect(run(at(1, 3), row, 1, "abc", "hmm")).toEqual([["thought", "1-3-3"]])
    expect(run(at(1, 0, 3), rowOf("running", 2, ""), 2, "new")).toEqual([
      ["reset", "2-0"],
      ["delta", "2-3"],
    ])
    expect(run(at(1, 3, 9), rowOf("completed", 1, "abc", "hmm"), 1, "abc", "hmm")).toEqual([
      ["reset", "1-0"],
      ["thought", "1-0-3"],
      ["delta", "1-3-3"],
    ])
  })

  test("keeps the order of what comes while an event is on its way", () => {
    const live = { attempt: 1, text: new Rope("abc"), thoughts: new Rope("hm"), row: rowOf("running", 1, "") }
    const cursor = at(1, 0)
    const events = catchUp(cursor, live)
    const heard = [events.next().value]
    live.thoughts.append("m")
    live.text.append("def")
    heard.push(...events, ...catchUp(cursor, live))
    expect(heard.map((event) => event && "text" in event && [event.event, event.text])).toEqual([
      ["thought", "hm"],
      ["delta", "abc"],
      ["thought", "m"],
      ["delta", "def"],
    ])
  })

  test("of an attempt that another one follows meanwhile ends it, and is reset then", () => {
    const text = createText()
    text.takeEntries([entry(0, "hm", 1, "thought"), entry(0, "abc")])
    const cursor = at(1, 0)
    const now = () => ({ attempt: text.attempt, text: text.value, thoughts: text.thoughts, row: null })
    const events = catchUp(cursor, now())
    const heard = [events.next().value]
    text.takeEntries([entry(0, "new", 2)])
    heard.push(...events, ...catchUp(cursor, now()))
    expect(heard.map((event) => [event?.event, event?.id])).toEqual([
      ["thought", "1-0-2"],
      ["delta", "1-3-2"],
      ["reset", "2-0"],
      ["delta", "2-3"],
    ])
  })

  test("gives a listener the same, wherever it broke off", () => {
    const piece = fc.record({ part: fc.constantFrom("text" as const, "thought" as const), text: fc.string() })
    fc.assert(
      fc.property(fc.array(piece), fc.array(fc.nat({ max: 20 })), (pieces, breaks) => {
        const whole = { text: new Rope(), thought: new Rope() }
        const heard = { delta: "", thought: "" }
        let id: string | undefined
        for (const [n, { part, text }] of pieces.entries()) {
          whole[part].append(text)
          if (breaks.includes(n)) continue
          const row = rowOf("running", 1, "")
          const now = { attempt: 1, text: whole.text, thoughts: whole.thought, row }
          for (const event of catchUp(parseReplyCursor(id), now)) {
            id = event.id
            if (event.event === "delta" || event.event === "thought") heard[event.event] += event.text
          }
        }
        const row = rowOf("completed", 1, `${whole.text}`, `${whole.thought}`)
        const end = { attempt: 1, text: whole.text, thoughts: whole.thought, row }
        for (const event of catchUp(parseReplyCursor(id), end))
          if (event.event === "delta" || event.event === "thought") heard[event.event] += event.text
        expect(heard).toEqual({ delta: row.content, thought: row.thoughts })
      }),
    )
  })
})

test("a wake-up while the listener is busy isn't lost, and one for the state isn't taken for text", async () => {
  const hangUp = new AbortController()
  const waker = createWaker(hangUp.signal)
  expect(waker.take()).toBe("state")
  waker.wake("text")
  waker.wake("state")
  waker.wake("text")
  await waker.wait()
  expect(waker.take()).toBe("state")
  setImmediate(() => waker.wake("text"))
  await waker.wait()
  expect(waker.take()).toBe("text")
  setImmediate(() => hangUp.abort())
  await waker.wait()
  expect(waker.take()).toBe(null)
})
