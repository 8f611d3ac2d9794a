import fc from "fast-check"
import { expect, test } from "vitest"
import { FAILURES, type FailureCode } from "../../src/services/replies/provider/failures.ts"
import { type Turn, toContents } from "../../src/services/replies/worker/build-contents.ts"

const prompt = (content: string): Turn => ({ role: "user", content, status: "completed", errorCode: null })
const reply = (content: string): Turn => ({ ...prompt(content), role: "model" })
const failed = (errorCode: FailureCode, content = ""): Turn => ({
  ...reply(content),
  status: "failed",
  errorCode,
})
const cancelled = (content: string): Turn => ({ ...reply(content), status: "cancelled" })

/** Writes contents as one line a turn. */
const lines = (branch: Turn[]) =>
  toContents(branch).map(({ role, parts }) => `${role}: ${parts?.map(({ text }) => text).join(" + ")}`)

test.each<[string, Turn[], string[]]>([
  ["an answered prompt stays", [prompt("a"), reply("A"), prompt("b")], ["user: a", "model: A", "user: b"]],
  ["a blocked prompt goes", [prompt("a"), failed("blocked"), prompt("b")], ["user: b"]],
  ["so does one that was blocked half-way", [prompt("a"), failed("blocked", "A"), prompt("b")], ["user: b"]],
  ["so does a refused one", [prompt("a"), failed("provider_refused"), prompt("b")], ["user: b"]],
  [
    "turns around it stay apart",
    [prompt("a"), reply("A"), prompt("b"), failed("blocked"), prompt("c")],
    ["user: a", "model: A", "user: c"],
  ],
  [
    "prompts without a reply are one turn",
    [prompt("a"), failed("interrupted", "A"), prompt("b")],
    ["user: a + b"],
  ],
  ["so are those of empty replies", [prompt("a"), cancelled(""), prompt("b")], ["user: a + b"]],
  ["cancelled text stays", [prompt("a"), cancelled("A"), prompt("b")], ["user: a", "model: A", "user: b"]],
  ["a reply whose prompt didn't fit goes", [reply("A"), prompt("b")], ["user: b"]],
  ["the prompt to reply to stays, whatever was before", [failed("blocked"), prompt("b")], ["user: b"]],
])("%s", (_, branch, expected) => {
  expect(lines(branch)).toEqual(expected)
})

const code = fc.constantFrom(...(Object.keys(FAILURES) as FailureCode[]))
const text = fc.string({ minLength: 1, maxLength: 5 })
const replies = fc.oneof(
  text.map(reply),
  fc.oneof(text, fc.constant("")).map(cancelled),
  fc.tuple(code, fc.oneof(text, fc.constant(""))).map(([code, content]) => failed(code, content)),
)
/** As the budget leaves them: from anywhere on. */
const branches = fc
  .tuple(fc.option(replies), fc.array(fc.tuple(text.map(prompt), replies)), text.map(prompt))
  .map(([cut, pairs, last]) => [...(cut ? [cut] : []), ...pairs.flat(), last])

test("property: turns alternate from the user's to the prompt, and hold what wasn't rejected, in order", () => {
  fc.assert(
    fc.property(branches, (branch) => {
      const contents = toContents(branch)
      expect(contents.map(({ role }) => role)).toEqual(
        contents.map((_, i) => (i % 2 === 0 ? "user" : "model")),
      )
      expect(contents.length % 2).toBe(1)
      const sent = contents.flatMap(({ parts }) => parts?.map(({ text }) => text))
      expect(sent.at(-1)).toBe(branch.at(-1)?.content)
      const prompts = branch.filter(({ role }, i) => {
        const code = branch[i + 1]?.errorCode
        return role === "user" && code !== "blocked" && code !== "provider_refused"
      })
      const users = contents.filter(({ role }) => role === "user").flatMap(({ parts }) => parts ?? [])
      expect(users.map(({ text }) => text)).toEqual(prompts.map(({ content }) => content))
    }),
    { numRuns: 500 },
  )
})
