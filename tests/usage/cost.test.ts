import { mkdtempSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { readConfig } from "../../src/config/env.ts"
import { BUILT_IN_PRICES } from "../../src/config/prices.ts"
import { cheapestModel } from "../../src/services/usage/cheapest-model.ts"
import { type BilledCall, costOf, toDollars } from "../../src/services/usage/cost.ts"
import { configFaults } from "../helpers/config.ts"

const CALL: BilledCall = {
  model: "gemini-3.8-flash",
  answeredBy: null,
  day: "2026-12-31",
  promptTokens: 1_000,
  cachedTokens: 400,
  outputTokens: 100,
  thoughtTokens: 50,
  toolTokens: 20,
  searchQueries: 0,
}

function dollars(call: Partial<BilledCall>, prices = BUILT_IN_PRICES): string | null {
  const cost = costOf(prices, { ...CALL, ...call })
  return cost === null ? null : toDollars(cost)
}

describe("what a call costs", () => {
  test("input, cached input and tools, output and thinking each have their price", () => {
    // 620 × 0.75 + 400 × 0.075 + 150 × 3.75 millionths.
    expect(dollars({})).toBe("0.0010575")
  })

  test("prices change at the start of their day", () => {
    expect(dollars({ day: "2027-01-01" })).toBe("0.002115")
  })

  test("a prompt over the limit pays the higher price for all of its tokens, and only then", () => {
    const call = { model: "gemini-3.1-pro-preview", cachedTokens: 0, toolTokens: 0, thoughtTokens: 0 }
    expect(dollars({ ...call, promptTokens: 200_000 })).toBe("0.4012")
    expect(dollars({ ...call, promptTokens: 200_001 })).toBe("0.801804")
  })

  test("Gemini 3 charges each search query, Gemini 2.5 each request that searched", () => {
    const none = { promptTokens: 0, outputTokens: 0, thoughtTokens: 0, toolTokens: 0 }
    expect(dollars({ ...none, searchQueries: 3 })).toBe("0.042")
    expect(dollars({ ...none, model: "gemini-2.5-pro", searchQueries: 3 })).toBe("0.035")
    expect(dollars({ ...none, searchQueries: 0 })).toBe("0")
  })

  test("a model that isn't in the table has no cost, unless the one that replied is", () => {
    expect(dollars({ model: "gemini-99" })).toBeNull()
    expect(dollars({ model: "constructor" })).toBeNull()
    expect(dollars({ model: "gemini-flash-latest", answeredBy: "gemini-3.8-flash" })).toBe("0.0010575")
  })

  test("is exact: the sum of the parts, whatever the counts", () => {
    const count = fc.integer({ min: 0, max: 2 ** 31 - 1 })
    const counts = fc.record({
      promptTokens: count,
      outputTokens: count,
      thoughtTokens: count,
      searchQueries: count,
    })
    fc.assert(
      fc.property(counts, ({ promptTokens, outputTokens, thoughtTokens, searchQueries }) => {
        const call = {
          promptTokens,
          outputTokens,
          thoughtTokens,
          searchQueries,
          cachedTokens: 0,
          toolTokens: 0,
        }
        const nanos = 750n * BigInt(promptTokens) + 3_750n * (BigInt(outputTokens) + BigInt(thoughtTokens))
        const cost = costOf(BUILT_IN_PRICES, { ...CALL, ...call })
        expect(cost).toBe(nanos * 1_000n + BigInt(searchQueries) * 14_000_000_000n)
      }),
    )
  })

  test("is written as a decimal number without needless zeros", () => {
    expect([0n, 1n, 10n ** 12n, 15n * 10n ** 11n, 123_000_000n].map(toDollars)).toEqual([
      "0",
      "0.000000000001",
      "1",
      "1.5",
      "0.000123",
    ])
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 30n }), (amount) => {
        const [whole = "", decimals = ""] = toDollars(amount).split(".")
        expect(BigInt(whole + decimals.padEnd(12, "0"))).toBe(amount)
      }),
    )
  })
})

test("every model has a source and the day on which it was read", () => {
  for (const [name, { source, date }] of Object.entries(BUILT_IN_PRICES.models)) {
    expect(source, name).toMatch(/^https:\/\//)
    expect(date <= BUILT_IN_PRICES.version, name).toBe(true)
  }
})

describe("GEMINI_PRICES", () => {
  const own = {
    version: "acme-1",
    currency: "USD",
    models: {
      "gemini-x": {
        source: "contract",
        date: "2026-11-01",
        tokens: [{ input: "1", cachedInput: "0.1", output: "2" }],
      },
    },
  }

  test("adds models to the table, and names both versions", () => {
    const { prices } = readConfig({ GEMINI_PRICES: JSON.stringify(own) }).gemini
    expect(prices.version).toBe(`${BUILT_IN_PRICES.version}+acme-1`)
    expect(dollars({ model: "gemini-x" }, prices)).toBe("0.00096")
    expect(dollars({}, prices)).toBe(dollars({}))
    expect(dollars({ model: "gemini-x", searchQueries: 1 }, prices)).toBeNull()
  })

  test("may be the path of a file", () => {
    const path = join(mkdtempSync(join(tmpdir(), "prices-")), "prices.json")
    writeFileSync(path, JSON.stringify(own))
    expect(readConfig({ GEMINI_PRICES: path }).gemini.prices.models).toHaveProperty("gemini-x")
  })

  const model = own.models["gemini-x"]
  const withModel = (change: object) =>
    JSON.stringify({ ...own, models: { "gemini-x": { ...model, ...change } } })
  test.each([
    ["/nowhere/prices.json", "names a file that can't be read"],
    ["{", "must be a price table as JSON"],
    ["{}", "version: "],
    [JSON.stringify({ ...own, currency: "EUR" }), "currency: "],
    [JSON.stringify({ ...own, extra: 1 }), "must be a price table"],
    [withModel({ date: "soon" }), "models.gemini-x.date: must be a day"],
    [withModel({ tokens: [] }), "models.gemini-x.tokens: "],
    [
      withModel({ tokens: [{ input: 1, cachedInput: "0.1", output: "2" }] }),
      "models.gemini-x.tokens.0.input: ",
    ],
    [withModel({ tokens: [{ input: "-1", cachedInput: "0.1", output: "2" }] }), "must be dollars as text"],
    [withModel({ tokens: [{ from: "2027-01-01", ...model.tokens[0] }] }), "must have prices without"],
    [withModel({ search: { per: "day", thousand: "14" } }), "models.gemini-x.search.per: "],
  ])("%s stops the start", (text, words) => {
    expect(configFaults({ GEMINI_PRICES: text })).toEqual([expect.stringContaining(words)])
    expect(configFaults({ GEMINI_PRICES: text })[0]).toMatch(/^GEMINI_PRICES: /)
  })
})

describe("the cheapest model", () => {
  const cheapest = (models: string, usual = "gemini-3.8-flash") =>
    cheapestModel(readConfig({ GEMINI_MODELS: models, GEMINI_MODEL: usual }).gemini, "2026-12-01")

  test("is the one with the lowest prices, in whatever order", () => {
    expect(cheapest("gemini-3.8-flash,gemini-3.1-flash-lite:pro,gemini-3.5-flash-lite")).toBe(
      "gemini-3.1-flash-lite",
    )
    expect(cheapest("gemini-3.5-flash,gemini-3.8-flash")).toBe("gemini-3.8-flash")
  })

  test("is the operator's first of equally cheap ones, and the default one without prices", () => {
    expect(cheapest("gemini-3.7-flash,gemini-3.8-flash")).toBe("gemini-3.7-flash")
    expect(cheapest("gemini-x,gemini-y", "gemini-y")).toBe("gemini-y")
    expect(cheapest("gemini-x,gemini-3.5-flash", "gemini-x")).toBe("gemini-3.5-flash")
  })
})
