import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { BrokenJson, type ItemLimits, splitJsonItems } from "../../src/utils/json-items.ts"

const NO_LIMITS: ItemLimits = { maxBytes: 1e9, maxDepth: 1e9, maxValues: 1e9 }

async function* inPieces(bytes: Buffer, sizes: readonly number[]) {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] as number
    yield bytes.subarray(at, at + size)
    at += size
  }
}

/** The items of a text, parsed, or why they were refused. */
async function split(text: string, limits: Partial<ItemLimits> = {}, sizes = [7]): Promise<unknown[]> {
  const items: unknown[] = []
  for await (const item of splitJsonItems(inPieces(Buffer.from(text), sizes), { ...NO_LIMITS, ...limits }))
    items.push("bytes" in item ? JSON.parse(item.bytes.toString()) : item.refused)
  return items
}

const sizes = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 5 })

test("the items of an array are found, however the text is written and comes in", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.jsonValue()),
      fc.constantFrom(undefined, 1, "\t"),
      sizes,
      fc.boolean(),
      async (values, indent, sizes, hasMark) => {
        const text = `${hasMark ? "\ufeff" : ""} ${JSON.stringify(values, null, indent)}\n`
        expect(await split(text, {}, sizes)).toEqual(JSON.parse(JSON.stringify(values)))
      },
    ),
  )
})

test("an object is one item", async () => {
  await fc.assert(
    fc.asyncProperty(fc.dictionary(fc.string(), fc.jsonValue()), sizes, async (value, sizes) => {
      expect(await split(JSON.stringify(value), {}, sizes)).toEqual([JSON.parse(JSON.stringify(value))])
    }),
  )
})

test("a text that is cut off anywhere is known as that", async () => {
  const text = JSON.stringify([{ a: ["}]", '\\"'] }, 12, "x"])
  for (let end = 0; end < text.length; end++) {
    const cut = Buffer.from(text.slice(0, end))
    const items = splitJsonItems(inPieces(cut, [3]), NO_LIMITS)
    const read = async () => {
      for await (const _ of items);
    }
    await expect(read(), text.slice(0, end)).rejects.toMatchObject({ isCutOff: true })
  }
})

describe("what can't be JSON is refused:", () => {
  test.each(["x", "1", '"a"', "{} {}", "[1] 2", "[1}", "[}", "[[1]}"])("%s", async (text) => {
    await expect(split(text)).rejects.toThrow()
  })
})

test("of an item beyond a limit nothing is kept, and the others come", async () => {
  const long = "x".repeat(1_000)
  expect(await split(JSON.stringify([1, { long }, 2]), { maxBytes: 100 })).toEqual([1, "too_large", 2])
  expect(await split(JSON.stringify([1, Array(50).fill(0), 2]), { maxValues: 10 })).toEqual([
    1,
    "too_large",
    2,
  ])
  const deep = `${"[".repeat(1_000_000)}${"]".repeat(1_000_000)}`
  expect(await split(`[1,${deep},{"a":[2]}]`, { maxDepth: 3 }, [65_536])).toEqual([1, "too_deep", { a: [2] }])
  await expect(split(`[${"[".repeat(1_000_000)}`, { maxDepth: 3 }, [65_536])).rejects.toThrow(BrokenJson)
})
