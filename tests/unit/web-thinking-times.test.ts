import { describe, expect, test } from "vitest"
import { createThinkingTimes } from "../../web/src/thread/thinking-times.ts"

describe("how long a model thought", () => {
  let clock = 0
  const times = createThinkingTimes(() => clock)
  const at = (ms: number, happens: () => void) => {
    clock = ms
    happens()
  }

  test("is from the first thought to the first text", () => {
    at(0, () => times.expect("a"))
    for (const ms of [1_000, 2_000]) at(ms, () => times.begin("a"))
    expect(times.of("a")).toBeNull()
    for (const ms of [4_000, 5_000]) at(ms, () => times.end("a"))
    expect(times.of("a")).toBe(3_000)
  })

  test("is known where the stream told of the thought before the reply was known to wait", () => {
    at(1_000, () => times.begin("b"))
    at(1_500, () => times.expect("b"))
    at(4_000, () => times.end("b"))
    expect(times.of("b")).toBe(3_000)
  })

  test("isn't known where the reply was under way already, or didn't think", () => {
    at(1_000, () => times.begin("c"))
    at(4_000, () => times.end("c"))
    times.expect("d")
    times.end("d")
    expect(["c", "d", "e"].map(times.of)).toEqual([null, null, null])
  })

  test("is that of the attempt that gave the reply", () => {
    at(1_000, () => times.begin("f"))
    at(2_000, () => times.end("f"))
    at(3_000, () => times.restart("f"))
    at(4_000, () => times.begin("f"))
    at(9_000, () => times.end("f"))
    expect(times.of("f")).toBe(5_000)
  })
})
