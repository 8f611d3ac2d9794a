import fc from "fast-check"
import { expect, test } from "vitest"
import { chooseWindow, type WindowTurn } from "../../src/services/replies/worker/context-window.ts"

/** What a turn takes: as estimated from its text, and as the provider counts it. */
interface Size {
  estimated: number
  counted: number
}

interface Exchange {
  prompt: Size
  reply: Size
  /** Whether the provider told the counts. */
  isCounted: boolean
}

const OVERHEAD = 10
const RESERVE = 50
const BUDGET = 1_000
const limits = { budget: BUDGET, overhead: OVERHEAD, reserve: RESERVE }

/** Sends prompts one after the other down one branch, as `buildContents` would. Yields what each request had. */
function* converse(exchanges: readonly Exchange[]) {
  const branch: WindowTurn[] = []
  const counts: number[] = []
  const add = (turn: Partial<WindowTurn>, size: Size) => {
    const [id, parentId] = [`m${branch.length}`, branch.at(-1)?.id ?? null]
    const unknown = { promptTokens: null, outputTokens: null, contextStart: null }
    branch.push({ id, parentId, role: "user", tokens: size.estimated, ...unknown, ...turn })
    counts.push(size.counted)
  }
  for (const { prompt, reply, isCounted } of exchanges) {
    add({ role: "user" }, prompt)
    const stored = branch.findLast(({ contextStart }) => contextStart !== null)?.contextStart
    const from = Math.max(
      0,
      branch.findIndex(({ id }) => id === stored),
    )
    const window = chooseWindow(branch.slice(from), limits)
    const start = from + window.start
    const size = counts.slice(start).reduce((sum, count) => sum + count, OVERHEAD)
    const next = window.next === null ? null : from + window.next
    yield { ...window, start, next, size, prompt, last: branch.length - 1, role: branch[start]?.role }
    const usage = isCounted ? { promptTokens: size, outputTokens: reply.counted } : {}
    add({ role: "model", ...usage, contextStart: window.isMoved ? (branch[start]?.id ?? null) : null }, reply)
  }
}

/** Estimates are on the safe side. */
const sizes = (max: number) =>
  fc
    .tuple(fc.integer({ min: 1, max }), fc.double({ min: 0.4, max: 1, noNaN: true }))
    .map(([estimated, part]): Size => ({ estimated, counted: Math.ceil(estimated * part) }))
const exchanges = (max: number) =>
  fc.array(fc.record({ prompt: sizes(max), reply: sizes(max), isCounted: fc.boolean() }), {
    minLength: 1,
    maxLength: 80,
  })

test("property: a window begins with a prompt, is within the budget, and only moves forward", () => {
  fc.assert(
    fc.property(exchanges(400), (all) => {
      let before = 0
      for (const { start, isMoved, size, last, role } of converse(all)) {
        expect(role).toBe("user")
        // The prompt itself always goes, however long.
        if (start !== last) expect(size).toBeLessThanOrEqual(start === 0 ? BUDGET : BUDGET - RESERVE)
        expect(start).toBeGreaterThanOrEqual(before)
        if (!isMoved) expect(start).toBe(before)
        before = start
      }
    }),
    { numRuns: 1_000 },
  )
})

test("property: it moves only when it is full, and then over a good part of its turns", () => {
  fc.assert(
    fc.property(exchanges(40), (all) => {
      let added = 0
      for (const { isMoved, size, prompt } of converse(all)) {
        added += prompt.estimated
        // As it would move at each prompt, if it moved by one exchange.
        if (isMoved) {
          expect(added).toBeGreaterThan(0.1 * BUDGET)
          expect(size).toBeGreaterThan(0.25 * BUDGET)
          added = 0
        }
      }
    }),
    { numRuns: 1_000 },
  )
})

test("where everything is counted, the budget is used to its end, whatever the estimates", () => {
  const even = {
    prompt: { estimated: 30, counted: 10 },
    reply: { estimated: 120, counted: 40 },
    isCounted: true,
  }
  const moves = [...converse(Array(60).fill(even))].flatMap(({ isMoved, start, last }) =>
    isMoved ? [{ start, sent: last - start + 1 }] : [],
  )
  // 1,000 tokens hold 19 exchanges and a prompt; then ten of 50 go, and the window fills up again.
  expect(moves.map(({ start }) => start)).toEqual([20, 40, 60, 80, 100])
  expect(moves[0]?.sent).toBe(21)
})

test("the place it will move to is known before, and is the same until then", () => {
  const even = {
    prompt: { estimated: 20, counted: 20 },
    reply: { estimated: 30, counted: 30 },
    isCounted: true,
  }
  let announced: number | null = null
  let moves = 0
  for (const { isMoved, start, next } of converse(Array(100).fill(even))) {
    if (isMoved) {
      expect(start).toBe(announced)
      announced = null
      moves++
    }
    if (announced !== null) expect(next).toBe(announced)
    announced ??= next
  }
  expect(moves).toBeGreaterThan(5)
})

test("a branch of unknown windows is cut by estimate, with room to grow", () => {
  const turns = Array.from({ length: 101 }, (_, n): WindowTurn => {
    const role = n % 2 === 0 ? ("model" as const) : ("user" as const)
    return {
      id: `m${n}`,
      parentId: `m${n - 1}`,
      role,
      tokens: 20,
      promptTokens: null,
      outputTokens: null,
      contextStart: null,
    }
  })
  const window = chooseWindow(turns.slice(0, -1), limits)
  expect(window.isMoved).toBe(true)
  const sent = turns.length - 1 - window.start
  expect(sent * 20).toBeGreaterThan(0.4 * BUDGET)
  expect(sent * 20).toBeLessThan(0.6 * BUDGET)
})

test("counts of requests that were smaller aren't taken for the window's", () => {
  const turn = (n: number, extra: Partial<WindowTurn>): WindowTurn => ({
    id: `m${n}`,
    parentId: n === 0 ? null : `m${n - 1}`,
    role: n % 2 === 0 ? "user" : "model",
    tokens: 100,
    promptTokens: null,
    outputTokens: null,
    contextStart: null,
    ...extra,
  })
  // As in a room that was asked prompt by prompt, without its context.
  const turns = Array.from({ length: 41 }, (_, n) =>
    turn(n, n % 2 ? { promptTokens: 110, outputTokens: 100 } : {}),
  )
  expect(chooseWindow(turns, limits)).toMatchObject({ isMoved: true })
})
