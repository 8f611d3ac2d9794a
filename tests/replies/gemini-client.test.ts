import { afterEach, expect, test, vi } from "vitest"
import { startGeminiSimulator } from "../../simulators/gemini/server.ts"
import { readConfig } from "../../src/config/env.ts"
import { createGemini, type GeminiOptions } from "../../src/services/replies/provider/gemini.ts"

const simulator = await startGeminiSimulator({ chunkDelayMs: 0 })
afterEach(() => vi.unstubAllEnvs())

async function replyOf(
  variables: Record<string, string>,
  model: string,
  options: Partial<GeminiOptions> = {},
) {
  const { gemini } = readConfig({ GEMINI_API_KEY: "our-key", GEMINI_BASE_URL: simulator.url, ...variables })
  const client = createGemini({ ...gemini, apiKey: gemini.apiKey as string, ...options })
  let text = ""
  const contents = [{ role: "user", parts: [{ text: "[[gemini: echo]]hello" }] }]
  const signal = new AbortController().signal
  for await (const item of client.stream({ model, contents, systemInstruction: null, signal }))
    text += item.text
  return text
}

test("the environment of other Google tools changes nothing", async () => {
  vi.stubEnv("GOOGLE_GENAI_USE_VERTEXAI", "true")
  vi.stubEnv("GOOGLE_GENAI_USE_ENTERPRISE", "true")
  vi.stubEnv("GOOGLE_GENAI_API_VERSION", "v7")
  vi.stubEnv("GOOGLE_GEMINI_BASE_URL", "http://127.0.0.1:9")
  vi.stubEnv("GOOGLE_VERTEX_BASE_URL", "http://127.0.0.1:9")
  vi.stubEnv("GOOGLE_API_KEY", "another-invalid")
  vi.stubEnv("GOOGLE_CLOUD_PROJECT", "another")
  expect(await replyOf({}, "gemini-3.8-flash")).toBe("hello")
})

test.each([
  "gemini-3.8-flash",
  "gemini-flash-latest",
  "gemini-3.1-pro-preview",
  "gemini-2.5-flash-preview-09-2025",
])("%s is called in the version that has it", async (model) => {
  expect(await replyOf({}, model)).toBe("hello")
})

test.each(["", "/", "/v1", "/v1beta", "/v1beta/"])("GEMINI_BASE_URL may end in %o", async (end) => {
  expect(await replyOf({ GEMINI_BASE_URL: simulator.url + end }, "gemini-3.8-flash")).toBe("hello")
})

test("a version in GEMINI_BASE_URL is the one of all models", async () => {
  const call = replyOf({ GEMINI_BASE_URL: `${simulator.url}/v1` }, "gemini-flash-latest")
  await expect(call).rejects.toMatchObject({ code: "misconfigured", message: "404 NOT_FOUND" })
})

test("the first chunk has its own time-out, far from the one between chunks", async () => {
  simulator.script({ directive: "delay=400 chunks=2" })
  const call = replyOf({}, "gemini-3.8-flash", { firstChunkTimeoutMs: 10_000, idleTimeoutMs: 100 })
  await expect(call).rejects.toMatchObject({
    code: "interrupted",
    message: expect.stringContaining("nothing"),
  })
  simulator.script({ directive: "stall-headers" })
  const silent = replyOf({}, "gemini-3.8-flash", { firstChunkTimeoutMs: 200 })
  await expect(silent).rejects.toMatchObject({
    code: "provider_unreachable",
    fallback: true,
    overload: false,
  })
})
