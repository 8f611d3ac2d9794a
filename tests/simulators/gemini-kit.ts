import { GoogleGenAI } from "@google/genai"
import { afterAll, beforeEach } from "vitest"
import { startGeminiSimulator } from "../../simulators/gemini/server.ts"

export const MODEL = "gemini-3.8-flash"

/** A simulator for a test file, at full speed and reset before each test, with the ways to ask it. */
export async function useGemini() {
  const simulator = await startGeminiSimulator({ chunkDelayMs: 0 })
  beforeEach(() => simulator.reset())
  afterAll(() => simulator.close())

  function modelsOf(apiKey: string) {
    return new GoogleGenAI({ apiKey, httpOptions: { baseUrl: simulator.url } }).models
  }
  const models = modelsOf("test-key")

  /** What the caller of a stream saw: its texts, the finish reasons, and the error if it ended in one. */
  async function streamed(contents: string, abortSignal?: AbortSignal) {
    const seen = {
      texts: [] as Array<string | undefined>,
      finishReasons: [] as Array<string | undefined>,
      blockReason: undefined as string | undefined,
      error: undefined as (Error & { status?: number }) | undefined,
    }
    try {
      const config = { abortSignal }
      for await (const chunk of await models.generateContentStream({ model: MODEL, contents, config })) {
        seen.texts.push(chunk.text)
        seen.finishReasons.push(chunk.candidates?.[0]?.finishReason)
        seen.blockReason = chunk.promptFeedback?.blockReason
      }
    } catch (error) {
      seen.error = error as Error
    }
    return { ...seen, text: seen.texts.join(""), finishReason: seen.finishReasons.at(-1) }
  }

  /** A unary call that must succeed. */
  function generated(contents: string, abortSignal?: AbortSignal) {
    return models.generateContent({ model: MODEL, contents, config: { abortSignal } })
  }

  /** A bare request, for what the SDK doesn't show. */
  function post(path: string, body: unknown, key = "test-key") {
    return fetch(`${simulator.url}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...(key && { "x-goog-api-key": key }) },
      body: typeof body === "string" ? body : JSON.stringify(body),
    })
  }
  return { simulator, models, modelsOf, streamed, generated, post }
}

export function user(text: string) {
  return { role: "user", parts: [{ text }] }
}
