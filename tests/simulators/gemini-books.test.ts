import { describe, expect, test } from "vitest"
import { sha256Of } from "../../simulators/gemini/media.ts"
import { MODEL, useGemini } from "./gemini-kit.ts"

const { simulator, models, streamed, generated } = await useGemini()

/** Picodollars a token. */
const INPUT = 750_000
const OUTPUT = 3_750_000
const A_QUERY = 14_000_000_000

interface Entry extends Record<string, unknown> {
  promptTokens: number
  outputTokens: number
  thoughtTokens: number
  pageTokens: number
  searchQueries: number
  isWhole: boolean
  cost: number
}

async function books() {
  const response = await fetch(`${simulator.url}/__admin/books`)
  return (await response.json()) as { models: Record<string, Entry>; calls: Entry[] }
}

const price = ({ promptTokens, pageTokens, outputTokens, thoughtTokens, searchQueries }: Entry) =>
  (promptTokens + pageTokens) * INPUT + (outputTokens + thoughtTokens) * OUTPUT + searchQueries * A_QUERY

describe("the books", () => {
  test("have what a call used and cost, as the last chunk told it", async () => {
    await streamed("hello")
    const { models, calls } = await books()
    expect(calls).toMatchObject([{ model: MODEL, purpose: "reply", isWhole: true, searchQueries: 0 }])
    const [call] = calls as [Entry]
    expect(call.cost).toBe(price(call))
    expect(call.outputTokens).toBeGreaterThan(0)
    expect(call.thoughtTokens).toBeGreaterThan(0)
    expect(models[MODEL]).toMatchObject({ calls: 1, cost: call.cost })
  })

  test("charge each search query and the pages that were read, but not what searches brought", async () => {
    const tools = [{ googleSearch: {} }, { urlContext: {} }]
    await models.generateContent({ model: MODEL, contents: "swallows", config: { tools } })
    await models.generateContent({
      model: MODEL,
      contents: "https://example.com/swallows",
      config: { tools },
    })
    const { calls } = await books()
    expect(calls).toMatchObject([{ pageTokens: 0, searchQueries: 1 }, { searchQueries: 1 }])
    expect(calls[1]?.pageTokens).toBeGreaterThan(0)
    expect(calls.map(({ cost }) => cost)).toEqual(calls.map(price))
  })

  test("charge a call that broke off what it had told, and say that it isn't whole", async () => {
    const { text } = await streamed("[[gemini: cut after=3 chunks=9]] hello")
    const told = simulator.calls()[0]?.told ?? []
    expect(told).toHaveLength(3)
    expect(told).toEqual(
      told.toSorted((a, b) => Number(a.cost) - Number(b.cost) || a.characters - b.characters),
    )
    expect(told[2]).toMatchObject({ characters: text.length, sha256: sha256Of(Buffer.from(text)) })
    expect((await books()).calls).toMatchObject([{ isWhole: false, cost: told[2]?.cost }])
  })

  test("leave out calls that were refused, and know no cost of a model without a price", async () => {
    simulator.script({ directive: "unavailable" })
    await streamed("refused")
    await models.generateContent({ model: "gemma-3-27b-it", contents: "hi" })
    const { models: accounts, calls } = await books()
    expect(calls).toMatchObject([{ model: "gemma-3-27b-it", cost: null }])
    expect(accounts).toMatchObject({ "gemma-3-27b-it": { calls: 1, cost: null } })
  })

  test("charge less for what was cached", async () => {
    const long = "what was said before. ".repeat(1_000)
    await generated(long)
    await generated(long)
    const [first, second] = (await books()).calls as [Entry, Entry]
    expect(second.cachedTokens).toBe(second.promptTokens)
    expect(first.cost - second.cost).toBeGreaterThan(first.promptTokens * INPUT * 0.8)
  })
})
