import { expect, test } from "vitest"
import { askWithSources, withSources } from "../../packages/client/examples/sources.ts"
import { askAndCount } from "../../packages/client/examples/usage.ts"
import type { Message } from "../../packages/client/src/index.ts"
import { newMobileNumber } from "../helpers/app.ts"
import { useTestApp } from "../helpers/use-app.ts"

const app = useTestApp({ config: { gemini: { titles: true } }, timing: { roomTasks: { pollMs: 20 } } })

test("the example prints a reply with its sources", async () => {
  let printed = ""
  const message = "Where do swallows go? https://example.com/swallows"
  await askWithSources({ url: app.url, number: newMobileNumber(), message }, (text) => {
    printed += text
  })
  expect(printed).toContain("[1]")
  expect(printed).toContain("\n[1] ")
  expect(printed).toContain("https://example.com/swallows")
  expect(printed).toContain("https://www.google.com/search?q=")
})

test("a source is marked after the characters that it supports, emoji or not", () => {
  const source = (title: string, start: number, end: number) => ({
    uri: `https://example.com/${title}`,
    title,
    license: null,
    start,
    end,
  })
  const message = {
    content: "🐦 fly. 🐟 swim.",
    citations: [source("birds", 0, 7), source("fish", 8, 16), source("read", 0, 0)],
    searchQueries: [],
    notices: [],
  } as Pick<Message, "content" | "citations" | "searchQueries" | "notices">
  const lines = withSources(message as Message).split("\n")
  expect(lines[0]).toBe("🐦 fly.[1] 🐟 swim.[2]")
  expect(lines.slice(1, 4)).toEqual([
    "[1] birds https://example.com/birds",
    "[2] fish https://example.com/fish",
    "[3] read https://example.com/read",
  ])
})

test("the example prints the title, what the reply cost and the day's usage", async () => {
  let printed = ""
  const question = { url: app.url, number: newMobileNumber(), message: "How far is the moon from here" }
  const title = await askAndCount(question, (text) => {
    printed += text
  })
  expect(title).toBe("How far is the moon")
  expect(printed).toMatch(/ tokens read \(0 cached\), \d+ written: 0\.\d+ USD\n/)
  expect(printed).toMatch(/\d{4}-\d\d-\d\d gemini-\S+: 1 prompts, 0\.\d+ USD\n/)
})
