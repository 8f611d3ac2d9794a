import { readdirSync } from "node:fs"
import { expect, test } from "vitest"
import { FAILURES } from "../../src/services/replies/provider/failures.ts"
import { PROBLEMS } from "../../src/utils/errors.ts"
import { en as account } from "../../web/src/account/words/en.ts"
import { en as admin } from "../../web/src/admin/words/en.ts"
import { en } from "../../web/src/i18n/en.ts"

const FOLDER = new URL("../../web/src/i18n/", import.meta.url)
const others = readdirSync(FOLDER)
  .map((file) => file.replace(/\.ts$/, ""))
  .filter((name) => name !== "en" && name !== "index")

interface Words {
  [name: string]: string | Words | ((...given: unknown[]) => string)
}

/** What a person never meets: a webhook's, and what this client doesn't send. */
const UNSEEN = new Set(["bad_signature", "method_not_allowed"])

test("there is more than one language", () => {
  expect(others).toContain("de")
})

test.each(["en", ...others])("%s has a word for everything", async (name) => {
  const words = (await import(new URL(`${name}.ts`, FOLDER).href))[name]
  const { codes: _, ...own } = words
  const { codes: __, ...english } = en
  expect(shapeOf(own as Words)).toEqual(shapeOf(english as Words))
})

test.each(others)("%s has words for the service's codes, which come in English", async (name) => {
  const { codes } = (await import(new URL(`${name}.ts`, FOLDER).href))[name] as typeof en
  expect(Object.keys(codes.problems).sort()).toEqual(
    Object.keys(PROBLEMS)
      .filter((code) => !UNSEEN.has(code))
      .sort(),
  )
  expect(Object.keys(codes.failures).sort()).toEqual(Object.keys(FAILURES).sort())
  for (const words of Object.values(codes).flatMap((all) => Object.values(all))) expect(words).not.toBe("")
})

test.each([
  ["account", account],
  ["admin", admin],
])("the %s's own words are there in German", async (part, english) => {
  const { de } = await import(new URL(`../${part}/words/de.ts`, FOLDER).href)
  expect(shapeOf(de as Words)).toEqual(shapeOf(english as Words))
})

/** The names of all words, and how many values each takes. @throws where one is empty */
function shapeOf(words: Words, path = ""): string[] {
  return Object.entries(words)
    .flatMap(([name, word]) => {
      if (typeof word === "object") return shapeOf(word, `${path}${name}.`)
      const given = typeof word === "function" ? Array.from({ length: word.length }, (_, at) => at + 1) : []
      const text = typeof word === "function" ? word(...given) : word
      expect(text, path + name).toMatch(/\S/)
      return [`${path}${name}(${given.length})`]
    })
    .sort()
}
