import { expect, test } from "vitest"
import { createBreather } from "../../src/utils/breather.ts"

test("a long loop lets others have their turn", async () => {
  const breather = createBreather()
  let turns = 0
  const other = setInterval(() => turns++)
  for (let breaths = 0; breaths < 3; ) {
    if (!breather.isDue()) continue
    await breather.take()
    breaths++
  }
  clearInterval(other)
  expect(turns).toBeGreaterThan(0)
})
