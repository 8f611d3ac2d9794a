import { describe, expect, test } from "vitest"
import { type Block, GROUP_SIZE, Settled, toGroups } from "../../web/src/thread/markdown/groups.ts"
import { createPace } from "../../web/src/thread/pace.ts"
import { pauseAfter } from "../../web/src/thread/pause-after.ts"

const block = (number: number): Block => ({ html: `<p>${number}</p>`, written: `<p>${number}</p>` })
const blocks = (count: number) => Array.from({ length: count }, (_, number) => block(number))

describe("a growing text", () => {
  test("of which each piece changes the last group, and the one before when that becomes full", () => {
    const settled = new Settled()
    let before = settled.with([])
    for (let count = 0; count < 1_000; count += 1) {
      settled.add([block(count)])
      const groups = settled.with([block(-1)])
      const changed = groups.filter((group, index) => group !== before[index])
      expect(changed.length).toBeLessThanOrEqual(2)
      expect(changed.flat().length).toBeLessThanOrEqual(2 * GROUP_SIZE)
      before = groups
    }
    expect(before.flat().map(({ html }) => html)).toEqual(
      [...blocks(1_000), block(-1)].map(({ html }) => html),
    )
  })

  test.each([0, 1, GROUP_SIZE - 1, GROUP_SIZE, GROUP_SIZE + 1, 5 * GROUP_SIZE])(
    "of %i blocks has the groups that it had while it grew",
    (count) => {
      const settled = new Settled()
      for (const one of blocks(count)) settled.add([one])
      expect(toGroups(blocks(count))).toEqual(settled.with([]))
      expect(settled.all()).toEqual(blocks(count))
    },
  )
})

describe("the pause after a drawing", () => {
  test("is none while frames come as they should, and else at least as long as the drawing", () => {
    expect(pauseAfter(17)).toBe(0)
    for (const tookMs of [60, 80, 150, 400]) expect(pauseAfter(tookMs)).toBeGreaterThanOrEqual(tookMs)
    expect(pauseAfter(60_000)).toBeLessThan(5_000)
  })
})

/** A page whose frames take as long as the test says. */
function openPage() {
  let nowMs = 0
  let due: { at: number; then: () => void }[] = []
  let frames: (() => void)[] = []
  const drawnAt: number[] = []
  const pace = createPace(() => drawnAt.push(nowMs), {
    now: () => nowMs,
    frame: (then) => void frames.push(then),
    wait: (ms, then) => void due.push({ at: nowMs + ms, then }),
  })
  return {
    pace,
    drawnAt,
    /** Lets a piece of text come every `everyMs` while so many frames of `tookMs` pass. */
    pass(count: number, tookMs: number, everyMs: number) {
      for (let frame = 0; frame < count; frame += 1) {
        const current = frames
        frames = []
        for (const then of current) then()
        const end = nowMs + tookMs
        for (; nowMs < end; nowMs += 1) {
          const ended = due.filter(({ at }) => at <= nowMs)
          due = due.filter(({ at }) => at > nowMs)
          for (const { then } of ended) then()
          if (nowMs % everyMs === 0) pace.request()
        }
      }
    },
  }
}

const gaps = (times: number[]) => times.slice(1).map((time, index) => time - (times[index] as number))

describe("drawing", () => {
  test("is done at once, and once a frame where more comes", () => {
    const { pace, drawnAt, pass } = openPage()
    pace.request()
    expect(drawnAt).toEqual([0])
    for (let piece = 0; piece < 5; piece += 1) pace.request()
    expect(drawnAt).toEqual([0])
    pass(1, 16, 2)
    drawnAt.length = 0
    pass(20, 16, 2)
    expect(gaps(drawnAt)).toEqual(Array(19).fill(16))
  })

  test("doesn't wait for a slow screen's frame", () => {
    const { drawnAt, pass } = openPage()
    pass(10, 40, 20)
    expect(Math.max(...gaps(drawnAt))).toBeLessThanOrEqual(20)
  })

  test("leaves others half of the time where frames take long", () => {
    const { drawnAt, pass } = openPage()
    pass(4, 90, 10)
    drawnAt.length = 0
    pass(20, 90, 10)
    expect(drawnAt.length).toBeGreaterThan(1)
    expect(Math.min(...gaps(drawnAt))).toBeGreaterThanOrEqual(180)
  })

  test("waits for its time, not for a slow screen's frame, where pieces come close to one another", () => {
    const { drawnAt, pass } = openPage()
    pass(10, 48, 13)
    expect(Math.max(...gaps(drawnAt))).toBeLessThanOrEqual(17)
  })

  test("doesn't wait for the frame after a long one either", () => {
    const { drawnAt, pass } = openPage()
    pass(2, 16, 13)
    pass(1, 400, 13)
    drawnAt.length = 0
    pass(1, 48, 13)
    expect(drawnAt.length).toBeGreaterThan(2)
  })

  test("isn't done in a pause by what was to come before it", () => {
    const { drawnAt, pass } = openPage()
    pass(4, 90, 10)
    drawnAt.length = 0
    pass(1, 80, 10)
    expect(drawnAt).toEqual([])
  })

  test.each([1, 2])("isn't held up by %i long frames", (count) => {
    const { drawnAt, pass } = openPage()
    pass(5, 16, 10)
    pass(count, 400, 10)
    drawnAt.length = 0
    pass(5, 16, 10)
    expect(drawnAt.length).toBeGreaterThanOrEqual(4)
  })

  test("ends looking at frames when nothing comes", () => {
    const { pace, drawnAt, pass } = openPage()
    pace.request()
    pass(5, 16, 1_000_000)
    expect(drawnAt).toEqual([0, 16])
  })
})
