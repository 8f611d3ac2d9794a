import { GoogleGenAI } from "@google/genai"
import { afterAll, beforeAll, beforeEach } from "vitest"
import { type GeminiSimulator, startGeminiSimulator } from "../../simulators/gemini/server.ts"

export const MODEL = "gemini-3.8-flash"

/** A simulator for a test file, at full speed and empty before each test. */
export function useSimulator(): { current: GeminiSimulator } {
  const holder = {} as { current: GeminiSimulator }
  beforeAll(async () => {
    holder.current = await startGeminiSimulator({ chunkDelayMs: 0 })
  })
  beforeEach(() => holder.current.reset())
  afterAll(() => holder.current.close())
  return holder
}

export function clientOf(simulator: GeminiSimulator, apiKey = "test-key") {
  return new GoogleGenAI({ apiKey, httpOptions: { baseUrl: simulator.url } })
}

/** What the caller of a stream saw: its texts, the finish reasons, and the error if it ended in one. */
export async function streamed(simulator: GeminiSimulator, contents: string, abortSignal?: AbortSignal) {
  const seen = {
    texts: [] as Array<string | undefined>,
    finishReasons: [] as Array<string | undefined>,
    blockReason: undefined as string | undefined,
    error: undefined as (Error & { status?: number }) | undefined,
  }
  try {
    const chunks = await clientOf(simulator).models.generateContentStream({
      model: MODEL,
      contents,
      config: { abortSignal },
    })
    for await (const chunk of chunks) {
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
export function generated(simulator: GeminiSimulator, contents: string, abortSignal?: AbortSignal) {
  return clientOf(simulator).models.generateContent({ model: MODEL, contents, config: { abortSignal } })
}

/** A unary call that must fail: its error. */
export async function failed(call: Promise<unknown>): Promise<Error & { status?: number }> {
  try {
    await call
  } catch (error) {
    return error as Error
  }
  throw new Error("The call was expected to fail")
}

/** All that an async iterable yields. */
export async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of source) items.push(item)
  return items
}

/** A bare request, for what the SDK doesn't show. */
export function post(simulator: GeminiSimulator, path: string, body: unknown, key = "test-key") {
  return fetch(`${simulator.url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...(key && { "x-goog-api-key": key }) },
    body: typeof body === "string" ? body : JSON.stringify(body),
  })
}

export function user(text: string) {
  return { role: "user", parts: [{ text }] }
}
