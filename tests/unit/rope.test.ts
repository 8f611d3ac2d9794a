import fc from "fast-check"
import { expect, test } from "vitest"
import { Rope } from "../../src/utils/rope.ts"

test("is what a string would be, from wherever it is read", () => {
  const step = fc.oneof(fc.string(), fc.nat({ max: 40 }))
  fc.assert(
    fc.property(fc.string(), fc.array(step), (begun, steps) => {
      const rope = new Rope(begun)
      let text = begun
      for (const given of steps) {
        if (typeof given === "number") {
          expect(rope.from(given)).toBe(text.slice(given))
          continue
        }
        rope.append(given)
        text += given
        expect(rope.length).toBe(text.length)
      }
      expect(rope.toString()).toBe(text)
    }),
  )
})
