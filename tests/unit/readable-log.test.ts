import { stripVTControlCharacters } from "node:util"
import { expect, test } from "vitest"
import { createLogger } from "../../src/config/logger.ts"
import { toReadableLog } from "../../src/config/readable-log.ts"

/** What a terminal shows of a line that the logger writes. */
function shown(write: (log: ReturnType<typeof createLogger>) => void): string {
  const lines: string[] = []
  write(createLogger("trace", { write: (line) => void lines.push(line) }))
  return stripVTControlCharacters(toReadableLog(lines.join("")))
}

test("a request is one short line: time, level, message, what was asked, and the id last", () => {
  const fields = {
    requestId: "01a20380-35df-77b7-a96a-565deb07f9f4",
    traceId: undefined,
    method: "POST",
    route: "/chatroom/:id/message",
    status: 202,
    ms: 12.3,
  }
  expect(shown((log) => log.info(fields, "request completed"))).toMatch(
    /^\d\d:\d\d:\d\d info {2}request completed {2}method=POST route=\/chatroom\/:id\/message status=202 ms=12\.3 requestId=01a20380-35df-77b7-a96a-565deb07f9f4\n$/,
  )
})

test("an error has its stack and its causes below it", () => {
  const error = new Error("outer", { cause: new TypeError("inner") })
  const [head, ...below] = shown((log) => log.error({ err: error }, "request failed"))
    .trimEnd()
    .split("\n")
  expect(head).toMatch(/^[\d:]+ error request failed$/)
  expect(below[0]).toBe("    Error: outer")
  expect(below.join("\n")).toMatch(/^ {2}caused by\n {4}TypeError: inner\n {4} +at /m)
})

test.each([
  ["a word", "warn", "  state=down", { state: "down" }],
  ["words", "debug", '  why="not yet"', { why: "not yet" }],
  ["nothing", "info", "", { left: null }],
  ["a list", "trace", '  models=["one","two"]', { models: ["one", "two"] }],
  ["what could steer a terminal", "info", '  agent="\\u001b[2J�"', { agent: "\u001b[2J\u009b" }],
] as const)("a field may be %s", (_what, level, text, fields) => {
  const line = shown((log) => log[level](fields, "seen"))
  expect(/^[\d:]+ \w+ +seen(.*)\n$/.exec(line)?.[1]).toBe(text)
})
