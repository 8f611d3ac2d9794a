import { globSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { describe, expect, test } from "vitest"
import { parseAst } from "vitest/node"

const ROOT = fileURLToPath(new URL("../../../", import.meta.url))

interface Found {
  file: string
  pattern: string
  flags: string
}

/** Every regular expression that stands in the source, and every one that is put together at run time. */
function findRegexes(): { literals: Found[]; dynamic: string[] } {
  const literals: Found[] = []
  const dynamic: string[] = []
  for (const file of globSync("src/**/*.ts", { cwd: ROOT })) {
    const source = readFileSync(`${ROOT}${file}`, "utf8")
    walk(parseAst(source, { lang: "ts" }), (node) => {
      if (node.regex) literals.push({ file, ...(node.regex as { pattern: string; flags: string }) })
      const callee = node.callee as { name?: string } | undefined
      if (callee?.name === "RegExp") dynamic.push(file)
    })
  }
  return { literals, dynamic }
}

type Node = Record<string, unknown>

function walk(node: unknown, visit: (node: Node) => void): void {
  if (typeof node !== "object" || node === null) return
  if ("type" in node) visit(node as Node)
  for (const child of Object.values(node)) walk(child, visit)
}

const SIZE = 5_000

/**
 * Of processor time: what others on the machine take isn't held against the expression. Reading `SIZE` characters takes
 * some hundredths of a millisecond in linear time and a thousand times as long in quadratic.
 */
const MOST_MS = 2

/** Whether an input of `SIZE` characters takes the expression far longer than reading it, also the third time. */
function isSlow(regex: RegExp, [prefix, pump, suffix]: Attack, size = SIZE): boolean {
  const text = prefix + pump.repeat(Math.ceil(size / pump.length)) + suffix
  for (let tries = 0; tries < 3; tries++) {
    const before = process.threadCpuUsage()
    if (regex.global) text.replace(regex, "")
    else text.search(regex)
    const { user, system } = process.threadCpuUsage(before)
    if (user + system < MOST_MS * 1_000) return false
  }
  return true
}

type Attack = [prefix: string, pump: string, suffix: string]

/** Pieces of the expression itself, and what expressions trip over. */
function attacksOn(pattern: string): Attack[] {
  const words = pattern.match(/[A-Za-z0-9_:/@=%+.-]{1,12}/g) ?? []
  const pumps = new Set([
    ...words,
    ...words.map((word) => `${word}-`),
    "a",
    "0",
    " ",
    "\t",
    "-",
    ".",
    ",",
    "=",
    "%",
    "/",
    "@",
    ":",
    "+1",
    "a.",
    "eyJ-",
    "://",
    "\u200e",
  ])
  return [...pumps].flatMap((pump) => [
    ...["", "\n", "!"].map((suffix): Attack => ["", pump, suffix]),
    ...[...new Set(words)].map((prefix): Attack => [prefix, pump, "!"]),
  ])
}

const { literals, dynamic } = findRegexes()

describe("a regular expression of the service", () => {
  test("is found", () => expect(literals.length).toBeGreaterThan(20))

  test("is never put together at run time", () => expect(dynamic).toEqual([]))

  test.each(literals)(
    "takes time in proportion to its input: $file /$pattern/$flags",
    { timeout: 60_000 },
    ({ pattern, flags }) => {
      const regex = new RegExp(pattern, flags)
      const slow = attacksOn(pattern).filter((attack) => isSlow(regex, attack))
      expect(slow.map((attack) => JSON.stringify(attack))).toEqual([])
    },
  )

  test.each([/\s*,/, /\beyJ[\w-]+\.[\w-]+/g, /%.*$/])("is told from a slow one such as %s", (regex) => {
    expect(attacksOn(regex.source).some((attack) => isSlow(regex, attack, 2 * SIZE))).toBe(true)
  })
})
