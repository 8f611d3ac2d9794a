import fc from "fast-check"
import { describe, expect, test } from "vitest"
import type { Call, Told } from "../../simulators/gemini/calls.ts"
import { attribute, type Harm } from "../../tools/drills/charges.ts"
import type { Exchange } from "../../tools/drills/exchange.ts"
import { canAddUp, inDollars, toPicodollars } from "../../tools/drills/picodollars.ts"
import type { Row, Stored } from "../../tools/drills/stored.ts"
import { createAttempts } from "../../tools/lib/attempts.ts"
import { createTaskEndings } from "../../tools/lib/task-ends.ts"

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
  const TITLE = { chatroomId: "room", kind: "title" }
  const second = (at: number) => new Date(at * 1_000).toISOString()

  /** Worker 7 begins the reply in second 1; `log` says what it logged of the end. */
  function amountsOf(
    call: Partial<Call>,
    {
      row = { status: "completed" },
      log,
      takeover,
      ends = [],
      exchange: own = {},
      harm = {},
    }: {
      /** null: it is deleted. */
      row?: Partial<Row> | null
      exchange?: object
      log?: [event: string, second: number]
      /** The second in which another worker begins the next attempt. */
      takeover?: number
      /** What workers logged of the ends of the room's title. */
      ends?: [outcome: string, code?: string][]
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
    const taskEndings = createTaskEndings()
    for (const [outcome, code] of ends)
      taskEndings.see({ ...line, time: second(2), event: "room_task_ended", ...TITLE, outcome, code })
    const evidence = { attempts, taskEndings, load: { exchanges: [{ ...exchange, ...own }] }, stored }
    const { charges, strays, untold } = attribute([made], {
      ...evidence,
      harm: { kills: [], hurtsPostgres: false, ...harm },
    })
    if (untold > 0) return { untold, amounts: charges[0]?.amounts }
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

  test("is all of a title once its worker has told the end, and any part of it before", () => {
    const title: Partial<Call> = { purpose: "title", prompt: JSON.stringify({ prompt: "why?", reply: "so" }) }
    const any = [0, 10, 20, 30]
    expect(amountsOf(title, { ends: [["done"]] })).toEqual([30])
    expect(amountsOf(title, { ends: [["failed", "unusable"]] })).toEqual([30])
    // The kill may have come before the call reached the provider.
    expect(amountsOf(title, { harm: { kills: [{ pid: 7, at: 900 }] } })).toEqual({ untold: 1, amounts: any })
    expect(amountsOf(title, { ends: [["busy"], ["needless"], ["given_up", "stale"]] })).toEqual({
      untold: 1,
      amounts: any,
    })
    for (const outcome of ["failed", "stopped"])
      expect(amountsOf(title, { ends: [[outcome, "internal"]] })).toEqual(any)
    expect(amountsOf({ ...title, aborted: true }, { ends: [["failed", "timeout"]] })).toEqual(any)
    expect(amountsOf(title, { ends: [["done"]], harm: { hurtsPostgres: true } })).toEqual(any)
    expect(amountsOf({ ...title, prompt: JSON.stringify({ prompt: "how?" }) }, {})).toBeUndefined()
  })
})
