import { ThinkingLevel } from "@google/genai"
import { describe, expect, test } from "vitest"
import { MODEL, useGemini, user } from "./gemini-kit.ts"
import { collect } from "./kit.ts"

const { models, post } = await useGemini()

async function chunksOf(contents: string, thinkingConfig: object) {
  const stream = await models.generateContentStream({ model: MODEL, contents, config: { thinkingConfig } })
  const chunks = await collect(stream)
  return chunks.map((chunk) => ({
    isThought: chunk.candidates?.[0]?.content?.parts?.some(({ thought }) => thought) ?? false,
    text: chunk.candidates?.[0]?.content?.parts?.[0]?.text ?? "",
    thoughtTokens: chunk.usageMetadata?.thoughtsTokenCount ?? 0,
    usage: chunk.usageMetadata,
  }))
}

describe("summaries of thoughts", () => {
  test.each([
    [ThinkingLevel.LOW, 1],
    [ThinkingLevel.MEDIUM, 2],
    [ThinkingLevel.HIGH, 3],
  ])("at level %s are %i, a chunk each, before the text", async (thinkingLevel, count) => {
    const chunks = await chunksOf("hi", { thinkingLevel, includeThoughts: true })
    expect(chunks.map(({ isThought }) => isThought).lastIndexOf(true)).toBe(count - 1)
    expect(chunks.filter(({ isThought }) => isThought)).toHaveLength(count)
    for (const { text } of chunks.slice(0, count))
      expect(text).toMatch(/^\*\*[A-Z][^*]+\*\*\n\n.*“hi”.*\n\n$/)
    const counts = chunks.map(({ thoughtTokens }) => thoughtTokens)
    expect(counts).toEqual(counts.toSorted((a, b) => a - b))
    expect(new Set(counts).size).toBe(count)
    const { promptTokenCount = 0, candidatesTokenCount = 0, totalTokenCount } = chunks.at(-1)?.usage ?? {}
    expect(totalTokenCount).toBe(promptTokenCount + candidatesTokenCount + (counts.at(-1) ?? 0))
  })

  test("are as many as a directive says, and none where the request doesn't ask for them", async () => {
    const prompt = "[[gemini: thoughts=7]] hi"
    expect((await chunksOf(prompt, { includeThoughts: true })).filter((one) => one.isThought)).toHaveLength(7)
    expect((await chunksOf(prompt, {})).some((one) => one.isThought)).toBe(false)
  })

  test("come while the model thinks, and without them nothing does", async () => {
    const pauses = async (thinkingConfig: object) => {
      const body = { contents: [user("[[gemini: think=400]] hi")], generationConfig: { thinkingConfig } }
      const startedAt = performance.now()
      const response = await post(`/v1/models/${MODEL}:streamGenerateContent?alt=sse`, body)
      const firstAt = performance.now() - startedAt
      await response.text()
      return { firstAt, lastAt: performance.now() - startedAt }
    }
    const aloud = await pauses({ thinkingLevel: "high", includeThoughts: true })
    const silent = await pauses({ thinkingLevel: "high" })
    expect(silent.firstAt).toBeGreaterThanOrEqual(390)
    expect(aloud.firstAt).toBeLessThan(silent.firstAt)
    expect(aloud.lastAt).toBeGreaterThanOrEqual(390)
  })

  test("are refused by a model that doesn't think", async () => {
    const body = {
      contents: [user("hi")],
      generationConfig: { thinkingConfig: { includeThoughts: true } },
    }
    const response = await post("/v1/models/gemma-3-27b-it:generateContent", body)
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: { status: "INVALID_ARGUMENT" } })
  })
})
