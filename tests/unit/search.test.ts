import fc from "fast-check"
import type pg from "pg"
import { expect, test } from "vitest"
import { vectorOf } from "../../src/services/search/document.ts"
import { excerptOf } from "../../src/services/search/excerpt.ts"
import { languagesOf } from "../../src/services/search/languages.ts"
import type { Term } from "../../src/services/search/query.ts"
import { createStemmer } from "../../src/services/search/stemmer.ts"
import { fold, MAX_POSITION, type Word, wordsOf } from "../../src/services/search/words.ts"

/** Words, marks, pairs of surrogates and halves of them, scripts with and without spaces, signs. */
const text = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "Ångström",
        "e\u0301",
        "ﬁ",
        "İ",
        "ß",
        "北京大学",
        "ｶﾞｲﾄﾞ",
        "한국어",
        "ภาษา",
        "हिन्दी",
        "😀",
        "👩‍👧",
        "\ud83d",
      ),
      fc.constantFrom(" ", "\n", "-", "'", '"', "\\", ":*", "&", "\u0000", "\u202e", "ー", "、"),
      fc.string({ unit: "binary" }),
      fc.string({ unit: "grapheme" }),
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(""))

const noStems = () => []

test("the words of any text are in order, within it, and hold nothing but letters, marks and digits", () => {
  fc.assert(
    fc.property(text, (given) => {
      let [start, position] = [0, 0]
      for (const word of wordsOf(given)) {
        expect(word.word).toMatch(/^[\p{L}\p{M}\p{N}]+$/u)
        expect(word.position).toBe(position + 1)
        expect(word.start).toBeGreaterThanOrEqual(start)
        expect(word.end).toBeGreaterThan(word.start)
        expect(word.end).toBeLessThanOrEqual(given.length)
        position = word.position
        start = word.start
      }
    }),
  )
})

test("the same text has the same words in any normalization and case", () => {
  const forms = fc.constantFrom("NFC" as const, "NFD" as const)
  const plain = fc.string({ unit: fc.constantFrom(..."aéïõüÀÇñ žšЁйάΏ한글がパ 北 ") })
  fc.assert(
    fc.property(plain, forms, (given, form) => {
      const wordsIn = (one: string) => Array.from(wordsOf(one), ({ word }) => word)
      expect(wordsIn(given.normalize(form).toUpperCase())).toEqual(wordsIn(given))
    }),
  )
})

test("accents are left out, letters aren't", () => {
  for (const [word, folded] of [
    ["crème", "creme"],
    ["straße", "strasse"],
    ["ørsted", "orsted"],
    ["łódź", "lodz"],
    ["ёлка", "елка"],
    ["άνθρωπος", "ανθρωποσ"],
    ["हिन्दी", "हिन्दी"],
    ["がぎ", "がぎ"],
  ])
    expect(fold(word ?? "").normalize("NFC")).toBe(word === "がぎ" ? fold("がぎ") : folded)
})

test("a text has as many words as PostgreSQL counts", () => {
  const words = [...wordsOf("a ".repeat(20_000))]
  expect(words).toHaveLength(MAX_POSITION)
  expect(vectorOf("1.0:", words, noStems).split(",")).toHaveLength(255)
  expect([...wordsOf("字".repeat(20_000))]).toHaveLength(MAX_POSITION)
})

test.each([
  ["Wie viele Menschen leben in der Stadt und was machen sie dort den ganzen Tag lang?", ["german"]],
  ["How many people live in the city and what do they do there all day long?", ["english"]],
  ["¿Cuántas personas viven en la ciudad y qué hacen allí todo el día con los niños?", ["spanish"]],
  ["Сколько людей живёт в этом городе и что они там делают целый день напролёт", ["english"]],
])("%s", (given, languages) => {
  expect([...languagesOf([...wordsOf(given)])]).toEqual(languages)
})

test("a short text without a common word may be in any language of its letters", () => {
  expect(languagesOf([...wordsOf("Fahrräder reparieren")]).size).toBe(8)
})

const term = (words: readonly Word[], from: number): Term => ({
  sequence: words.slice(from, from + 1),
  stems: [],
  orLonger: false,
})

test("an excerpt is a piece of the text, and its matches are words of it", () => {
  fc.assert(
    fc.property(text, fc.nat(30), fc.nat(30), (given, first, second) => {
      const words = [...wordsOf(given)]
      const terms = [term(words, first), term(words, second)].filter(({ sequence }) => sequence.length > 0)
      const excerpt = excerptOf(given, words, terms, noStems)
      expect(given.slice(excerpt.start, excerpt.start + excerpt.text.length)).toBe(excerpt.text)
      if (given.isWellFormed()) expect(excerpt.text.isWellFormed()).toBe(true)
      let end = 0
      for (const match of excerpt.matches) {
        expect(match.start).toBeGreaterThanOrEqual(end)
        expect(match.end).toBeGreaterThan(match.start)
        end = match.end
      }
      expect(end).toBeLessThanOrEqual(excerpt.text.length)
      if (terms.length > 0) expect(excerpt.matches.length).toBeGreaterThan(0)
    }),
  )
})

test("stems are whole while another call makes the stemmer forget what it has kept", async () => {
  const stemmer = createStemmer()
  const answers: (() => void)[] = []
  const db = {
    query: ({ values: [, words = []] }: { values: string[][] }) =>
      new Promise((resolve) => answers.push(() => resolve({ rows: words.map((stem) => ({ stem })) }))),
  } as unknown as pg.Pool
  const ask = (...written: string[]) =>
    stemmer.of(
      db,
      written.map((word) => ({ written: word })),
      ["english"],
    )
  const known = ask("known")
  answers.shift()?.()
  await known
  const waiting = ask("known", "new")
  const many = ask(...Array.from({ length: 100_000 }, (_, n) => `w${n}`))
  for (const answer of answers.toReversed()) answer()
  await many
  const stems = await waiting
  expect(["known", "new"].map((word) => stems({ written: word }))).toEqual([["known"], ["new"]])
})
