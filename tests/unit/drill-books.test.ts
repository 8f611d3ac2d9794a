import fc from "fast-check"
import { describe, expect, test } from "vitest"
import type { Call, Told } from "../../simulators/gemini/calls.ts"
import { ROOM_TASKS_AT_ONCE } from "../../src/services/replies/room-tasks/run-room-tasks.ts"
import { attribute, type Harm, mostUnlogged } from "../../tools/drills/charges.ts"
import type { Exchange } from "../../tools/drills/exchange.ts"
import { canAddUp, inDollars, toPicodollars } from "../../tools/drills/picodollars.ts"
import type { Row, Stored } from "../../tools/drills/stored.ts"
import { createAttempts } from "../../tools/lib/attempts.ts"
import { createTaskEnds } from "../../tools/lib/task-ends.ts"

describe("picodollars", () => {
  test("are read from decimals and written as they were", () => {
    fc.assert(fc.property(fc.nat(9e15), (amount) => toPicodollars(inDollars(amount).slice(1)) === amount))
  })

  test("are refused where a decimal has more digits", () => {
    expect(() => toPicodollars("0.0000000000001")).toThrow(RangeError)
  })

  test("add up to what one of each option makes, and to nothing else", () => {
    const sums = (options: number[][]): number[] =>
      options.reduce((all, one) => all.flatMap((sum) => one.map((amount) => sum + amount)), [0])
    const options = fc.array(fc.array(fc.nat(20), { minLength: 1, maxLength: 4 }), { maxLength: 4 })
    fc.assert(
      fc.property(options, fc.nat(90), (all, amount) => canAddUp(amount, all) === sums(all).includes(amount)),
    )
  })
})

describe("what the service may have recorded of a call", () => {
  const told: Told[] = [10, 20, 30].map((cost, at) => ({ characters: (at + 1) * 5, sha256: "", cost }))
  const exchange = { replyId: "reply", roomId: "room", text: "why?", isDeleted: false } as Exchange
  const second = (at: number) => new Date(at * 1_000).toISOString()

  /** Worker 7 begins the reply in second 1; `log` says what it logged of the end. */
  function amountsOf(
    call: Partial<Call>,
    {
      row = { status: "completed" },
      log,
      takeover,
      exchange: own = {},
      harm = {},
    }: {
      /** null: it is deleted. */
      row?: Partial<Row> | null
      exchange?: object
      log?: [event: string, second: number]
      /** The second in which another worker begins the next attempt. */
      takeover?: number
      harm?: Partial<Harm>
    },
  ) {
    const attempts = createAttempts()
    const line = { msg: "", replyId: "reply", attempt: 1 }
    attempts.see(7, { ...line, event: "reply_started", time: second(1) })
    if (log) attempts.see(7, { ...line, event: log[0], time: second(log[1]) })
    if (takeover) attempts.see(8, { ...line, attempt: 2, event: "reply_started", time: second(takeover) })
    const stored = { byId: new Map(row ? [["reply", row]] : []) } as unknown as Stored
    const made = {
      prompt: "why?",
      purpose: "reply",
      request: null,
      startedAt: 1_000,
      endedAt: 2_000,
      told,
      ...call,
    } as Call
    const evidence = {
      attempts,
      taskEnds: createTaskEnds(),
      load: { exchanges: [{ ...exchange, ...own }] },
      stored,
    }
    const { charges, strays } = attribute([made], {
      ...evidence,
      harm: { kills: [], hurtsPostgres: false, ...harm },
    })
    return strays.length > 0 ? "stray" : charges[0]?.amounts
  }

  test("is all of it once the worker has logged the end, also of an attempt that failed", () => {
    expect(amountsOf({}, { log: ["reply_finished", 2] })).toEqual([30])
    expect(amountsOf({}, { log: ["attempt_failed", 2] })).toEqual([30])
  })

  test("is any part of it where the worker was killed, or may have been before it wrote", () => {
    const kills = [{ pid: 7, at: 2_500 }]
    expect(amountsOf({ aborted: true }, {})).toEqual([0, 10, 20, 30])
    expect(amountsOf({}, { log: ["attempt_failed", 2], harm: { kills } })).toEqual([0, 10, 20, 30])
    expect(amountsOf({}, { log: ["attempt_failed", 2], harm: { hurtsPostgres: true } })).toEqual([
      0, 10, 20, 30,
    ])
    expect(amountsOf({}, { log: ["reply_finished", 2], harm: { kills } })).toEqual([30])
  })

  test("is any part of it where another worker had taken the reply over", () => {
    expect(amountsOf({}, { takeover: 2 })).toEqual([0, 10, 20, 30])
    expect(amountsOf({}, { log: ["attempt_failed", 3], takeover: 2 })).toEqual([0, 10, 20, 30])
    expect(amountsOf({}, { log: ["attempt_failed", 2], takeover: 5 })).toEqual([30])
  })

  test("is what had come with the kept text, or one chunk more, where the reply was cancelled", () => {
    const log: [string, number] = ["reply_finished", 2]
    const cancelled = (content: string) => ({ row: { status: "cancelled", content, prefix: "" }, log })
    expect(amountsOf({ aborted: true }, cancelled("12345"))).toEqual([10, 20])
    expect(amountsOf({ aborted: true }, cancelled("123456789012345"))).toEqual([30])
    expect(amountsOf({ aborted: true }, cancelled(""))).toEqual([0, 10])
    // Sent to its end, but not read.
    expect(amountsOf({ aborted: false }, cancelled("1234567890"))).toEqual([20, 30])
    expect(amountsOf({}, { ...cancelled("12345"), log: ["attempt_failed", 2] })).toEqual([30])
  })

  test("is any part of it where the reply was deleted before it ended", () => {
    const log: [string, number] = ["attempt_failed", 2]
    const deleted = (dones: object[]) => ({ row: null, exchange: { isDeleted: true, heard: { dones } }, log })
    expect(amountsOf({}, deleted([]))).toEqual([0, 10, 20, 30])
    expect(amountsOf({}, deleted([{ status: "cancelled" }]))).toEqual([0, 10, 20, 30])
    expect(amountsOf({}, deleted([{ status: "completed" }]))).toEqual([30])
  })

  test("is nobody's if no attempt had begun, or nobody has sent the prompt", () => {
    expect(amountsOf({ startedAt: 999 }, {})).toBe("stray")
    expect(amountsOf({ prompt: "how?" }, {})).toBe("stray")
  })
})

describe("what may have been recorded of titles", () => {
  const told: Told[] = [10, 20, 30].map((cost, at) => ({ characters: (at + 1) * 5, sha256: "", cost }))
  const any = [0, 10, 20, 30]
  const exchanges = ["one", "two"].map((roomId) => ({ roomId, text: `what of ${roomId}?` }) as Exchange)
  const asked = (roomId: string, more: Partial<Call> = {}) => {
    const prompt = JSON.stringify({ prompt: `what of ${roomId}?`, reply: "so" })
    return { purpose: "title", prompt, endedAt: 2_000, told, ...more } as Call
  }

  function accountOf(
    calls: Call[],
    ends: [roomId: string, outcome: string, code?: string][],
    harm: Partial<Harm> = {},
  ) {
    const taskEnds = createTaskEnds()
    for (const [chatroomId, outcome, code] of ends) {
      const line = { event: "room_task_ended", time: "", msg: "", kind: "title" }
      taskEnds.see({ ...line, chatroomId, outcome, code })
    }
    const { charges, titles } = attribute(calls, {
      attempts: createAttempts(),
      taskEnds,
      load: { exchanges },
      stored: { byId: new Map() } as unknown as Stored,
      harm: { kills: [], hurtsPostgres: false, ...harm },
    })
    return { amounts: charges.map(({ amounts }) => amounts), ...titles }
  }

  test("is all of it once the worker has logged the end, also of a text that can't be used", () => {
    for (const end of [["done"], ["failed", "unusable"], ["given_up", "overloaded"]] as const)
      expect(accountOf([asked("one")], [["one", ...end]])).toEqual({
        amounts: [[30]],
        underWay: 0,
        unlogged: 0,
      })
  })

  test("is any part of it where the worker stopped in its middle, or may have failed before the call", () => {
    for (const end of [["stopped"], ["failed", "internal"]] as const)
      expect(accountOf([asked("one")], [["one", ...end]])).toMatchObject({ amounts: [any], unlogged: 0 })
    expect(accountOf([asked("one", { aborted: true })], [["one", "failed", "timeout"]])).toMatchObject({
      amounts: [any],
    })
    expect(accountOf([asked("one")], [["one", "done"]], { hurtsPostgres: true })).toMatchObject({
      amounts: [any],
    })
  })

  test("is open without the end of a call, which other ends don't make up for", () => {
    const open = { amounts: [any], underWay: 0, unlogged: 1 }
    expect(accountOf([asked("one")], [])).toEqual(open)
    expect(
      accountOf(
        [asked("one")],
        [
          ["one", "busy"],
          ["one", "needless"],
          ["one", "given_up", "stale"],
        ],
      ),
    ).toEqual(open)
    expect(
      accountOf(
        [asked("one")],
        [
          ["two", "done"],
          ["two", "done"],
        ],
      ),
    ).toEqual(open)
    expect(accountOf([asked("one", { endedAt: null })], [])).toEqual({ ...open, underWay: 1, unlogged: 0 })
  })

  test("is certain only where the ends of all calls for the room are logged", () => {
    const calls = [asked("one"), asked("one", { told: told.slice(0, 2) }), asked("two")]
    expect(
      accountOf(calls, [
        ["one", "done"],
        ["two", "done"],
      ]),
    ).toEqual({
      amounts: [any, [0, 10, 20], [30]],
      underWay: 0,
      unlogged: 1,
    })
    expect(
      accountOf(calls, [
        ["one", "failed", "overloaded"],
        ["one", "done"],
        ["two", "done"],
      ]),
    ).toEqual({ amounts: [[30], [20], [30]], underWay: 0, unlogged: 0 })
  })

  test("may stay open for as many calls as killed workers made at once", () => {
    const kill = { pid: 7, at: 0 }
    expect(mostUnlogged({ kills: [], hurtsPostgres: false })).toBe(0)
    expect(mostUnlogged({ kills: [kill, kill], hurtsPostgres: false })).toBe(2 * ROOM_TASKS_AT_ONCE)
    expect(mostUnlogged({ kills: [], hurtsPostgres: true })).toBe(Number.POSITIVE_INFINITY)
  })

  test("is nobody's where an earlier scenario left them", () => {
    expect(accountOf([asked("three")], [])).toEqual({ amounts: [], underWay: 0, unlogged: 0 })
  })
})
