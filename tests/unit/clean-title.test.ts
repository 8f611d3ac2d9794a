import fc from "fast-check"
import { expect, test } from "vitest"
import { cleanTitle, MAX_TITLE_LENGTH } from "../../src/services/replies/room-tasks/clean-title.ts"

test.each([
  ["Swallows in winter", "Swallows in winter"],
  ["  Swallows \t in   winter.\n", "Swallows in winter"],
  ['"Swallows"', "Swallows"],
  ["«Ласточки зимой»", "Ласточки зимой"],
  ["「渡り鳥」。", "渡り鳥"],
  ["**Title: “Swallows”**", "Swallows"],
  ["## _Swallows_", "Swallows"],
  ["- `npm` and *yarn*", "npm and yarn"],
  ["[Swallows](https://example.com) and ![x](y)", "Swallows and x"],
  ["\n\n---\nSwallows\nA title about swallows", "Swallows"],
  ["C# basics, snake_case and 2 * 3 * 4", "C# basics, snake_case and 2 * 3 * 4"],
  ["Don't panic", "Don't panic"],
  ["The “good” part", "The “good” part"],
  ["To be continued…", "To be continued…"],
  ["a\u202Eb\u2066c\u200Bd\uFEFFe\u0000f\u001Bg\u200F", "abcdefg"],
  ["Family 👩‍👩‍👧 day", "Family 👩‍👩‍👧 day"],
  ["می‌خواهم", "می‌خواهم"],
  ["\u200Dlead\u200D", "lead"],
  ["half \uD800 pair", "half pair"],
  ["one\u2028two", "one"],
])("%j becomes %j", (text, title) => {
  expect(cleanTitle(text)).toBe(title)
})

test.each(["", " \n ", "...", "**", '""', "\u202E\u200B", "---\n***"])("%j is no title", (text) => {
  expect(cleanTitle(text)).toBeNull()
})

test("a long text is cut at a word, a long word within it, and never within an emoji", () => {
  expect(cleanTitle("word ".repeat(40))).toBe(`${"word ".repeat(16).trim()}…`)
  expect(cleanTitle("words ".repeat(40))).toBe(`${"words ".repeat(13).trim()}…`)
  expect(cleanTitle("w".repeat(500))).toBe(`${"w".repeat(79)}…`)
  expect(cleanTitle("👩‍👩‍👧".repeat(40))).toBe(`${"👩‍👩‍👧".repeat(15)}…`)
  expect([...(cleanTitle(`a${"\u0301".repeat(500)}`) ?? "")]).toHaveLength(MAX_TITLE_LENGTH)
})

const hostile = fc.constantFrom(
  "\u202e",
  "\u2067",
  "\u0000",
  "\u001b[31m",
  "\r\n",
  "**",
  '"',
  "`",
  "[",
  "](",
  ")",
)
const texts = fc.array(fc.oneof(hostile, fc.string({ unit: "binary", maxLength: 40 })), { maxLength: 20 })

test("property: any text gives none or a short visible line, which is a title already", () => {
  fc.assert(
    fc.property(texts, (parts) => {
      const title = cleanTitle(parts.join(""))
      if (title === null) return
      expect(title.isWellFormed()).toBe(true)
      expect([...title].length).toBeLessThanOrEqual(MAX_TITLE_LENGTH)
      expect(title).toMatch(/[\p{L}\p{N}\p{S}]/u)
      expect(title).toBe(title.trim())
      expect(title).not.toMatch(/[\p{Cc}\p{Cs}\p{Co}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]/u)
      expect(cleanTitle(title)).toBe(title)
    }),
    { numRuns: 2_000 },
  )
})
