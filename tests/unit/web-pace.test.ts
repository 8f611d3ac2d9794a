import { describe, expect, test } from "vitest"
import { type Block, GROUP_SIZE, Settled, toGroups } from "../../web/src/thread/markdown/groups.ts"
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
