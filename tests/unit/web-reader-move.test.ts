import { describe, expect, test } from "vitest"
import { readerMove, type ScrollState } from "../../web/src/thread/reader-move.ts"

/** At the end of 2,000 px in a window of 600. */
const END: ScrollState = { top: 1_400, height: 2_000, shown: 600 }

describe("where a reader has gone", () => {
  test.each<[string, Partial<ScrollState>, Partial<ScrollState>, "to end" | "away" | null]>([
    ["a step up, away", {}, { top: 1_399 }, "away"],
    ["a step up in the frame in which text comes, away", {}, { top: 1_380, height: 2_100 }, "away"],
    ["a fraction of a pixel, which is the browser's rounding", {}, { top: 1_399.5 }, null],
    ["nowhere while text comes", {}, { height: 2_500 }, null],
    ["nowhere when the keyboard takes half of the window", {}, { shown: 300 }, null],
    ["to the end, by a scroll", { top: 800 }, { top: 1_350 }, "to end"],
    ["not yet to the end", { top: 800 }, { top: 1_300 }, null],
    ["to the end by the browser, where there is less text", {}, { top: 1_200, height: 1_800 }, "to end"],
    ["to the end by the browser, in a higher window", {}, { top: 1_100, shown: 900 }, "to end"],
    ["away, where there is less text as well", {}, { top: 900, height: 1_990 }, "away"],
    ["further up, from a place that isn't the end", { top: 700 }, { top: 600 }, "away"],
  ])("%s", (_, before, now, expected) => {
    expect(readerMove({ ...END, ...before }, { ...END, ...now }, true)).toBe(expected)
  })

  test("a little way up counts only for somebody who has touched something", () => {
    const before = { ...END, top: 1_360 }
    expect(readerMove(before, { ...END, top: 1_345 }, true)).toBe("away")
    expect(readerMove(before, { ...END, top: 1_345 }, false)).toBe(null)
    expect(readerMove(before, { ...END, top: 1_330 }, false)).toBe("away")
  })

  test("a bounce over the end leads back to it", () => {
    // Safari's places beyond the end are taken for the end.
    expect(readerMove({ ...END, top: 1_390 }, END, true)).toBe("to end")
    expect(readerMove(END, END, true)).toBe(null)
  })

  test("many small steps up, each looked at, are one way away", () => {
    let state = END
    const steps = Array.from({ length: 10 }, () => {
      const next = { ...state, top: state.top - 2, height: state.height + 5 }
      const to = readerMove(state, next, true)
      state = next
      return to
    })
    expect(steps).toEqual(Array(10).fill("away"))
  })
})
