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

const SIZE = 1_000
const GROWTH = 4

/** An expression may do this much for each character that a plain loop reads. */
const STEPS = 30

/**
 * How much longer an expression takes on an input of four times the size: linear work gives about 4, quadratic 16.
 * What costs no more than a few scans of the input counts as one: noise has no growth.
 */
function growthOf(regex: RegExp, [prefix, pump, suffix]: Attack): number {
  const input = (size: number) => prefix + pump.repeat(Math.ceil(size / pump.length)) + suffix
  const [short, long] = [input(SIZE), input(SIZE * GROWTH)]
  const scan = scanOf(long.length)
  const first = timeOf(() => run(regex, long))
  if (first < STEPS * scan) return GROWTH
  return (
    fastest(() => run(regex, long)) /
    Math.max(
      fastest(() => run(regex, short)),
      scan,
    )
  )
}

const scans = new Map<number, number>()

/** The time that one look at each of `length` characters takes here and now. */
function scanOf(length: number): number {
  const text = "x".repeat(length)
  const known =
    scans.get(length) ?? Math.min(...Array.from({ length: 50 }, () => timeOf(() => countCharacters(text))))
  scans.set(length, known)
  return known
}

/** What reads a text once. */
function countCharacters(text: string): number {
  let sum = 0
  for (let i = 0; i < text.length; i++) sum += text.charCodeAt(i)
  return sum
}

function run(regex: RegExp, text: string): unknown {
  return regex.global ? text.replace(regex, "") : text.search(regex)
}

function fastest(work: () => unknown): number {
  return Math.min(...[1, 2, 3, 4].map(() => timeOf(work)))
}

function timeOf(work: () => unknown): number {
  const startedAt = performance.now()
  work()
  return performance.now() - startedAt
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

/** Twice the growth of linear work; what looks worse is measured again before it is believed. */
function isSuperlinear(regex: RegExp, attack: Attack): boolean {
  for (let tries = 0; tries < 4; tries++) if (growthOf(regex, attack) < GROWTH * 2) return false
  return true
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
      const slow = attacksOn(pattern).filter((attack) => isSuperlinear(regex, attack))
      expect(slow.map((attack) => JSON.stringify(attack))).toEqual([])
    },
  )

  test.each([/(?:a+)+$/, /\s*,/, /\beyJ[\w-]+\.[\w-]+/g, /%.*$/])(
    "is told from a slow one such as %s",
    (regex) => {
      expect(attacksOn(regex.source).some((attack) => isSlow(regex, attack))).toBe(true)
    },
  )

  /** Of an exponential one a short input is enough. */
  function isSlow(regex: RegExp, attack: Attack): boolean {
    if (!regex.source.includes("+)+")) return isSuperlinear(regex, attack)
    const time = (n: number) => fastest(() => run(regex, `${"a".repeat(n)}!`))
    return time(24) > time(16) * GROWTH
  }
})
