import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { expect, test, vi } from "vitest"
import { apiVersionOf, createClient } from "../../src/services/replies/provider/gemini-client.ts"
import { testStack } from "../helpers/stack.ts"

/** What other tools of Google's read, and the SDK unless told otherwise. */
const OTHERS = {
  GOOGLE_GENAI_USE_VERTEXAI: "true",
  GOOGLE_GENAI_USE_ENTERPRISE: "true",
  GOOGLE_GENAI_API_VERSION: "v1beta",
  GOOGLE_GEMINI_BASE_URL: "http://127.0.0.1:9",
  GOOGLE_CLOUD_PROJECT: "other",
  GOOGLE_CLOUD_LOCATION: "global",
  GOOGLE_API_KEY: "other",
}

test.each([
  ["gemini-3.8-flash", "v1"],
  ["gemini-3.5-flash-lite", "v1"],
  ["gemini-flash-latest", "v1beta"],
  ["gemini-3.1-pro-preview", "v1beta"],
  ["gemini-2.5-flash-preview-09-2025", "v1beta"],
  ["gemini-2.0-flash-exp", "v1beta"],
])(
  "%s is called by %s, on our host and with our key, whatever the environment says",
  async (model, version) => {
    const stack = testStack()
    for (const [name, value] of Object.entries(OTHERS)) vi.stubEnv(name, value)
    stack.defer(() => void vi.unstubAllEnvs())
    const { url, seen } = await startServer(stack)
    const client = createClient({ apiKey: "AQ.ours", baseUrl: url })
    const config = { httpOptions: { apiVersion: apiVersionOf(model) } }
    for await (const _ of await client.models.generateContentStream({ model, contents: "Hello", config }));
    expect(seen).toEqual([
      { path: `/${version}/models/${model}:streamGenerateContent?alt=sse`, key: "AQ.ours" },
    ])
  },
)

test("without a base URL, Google's host is called", () => {
  vi.stubEnv("GOOGLE_GEMINI_BASE_URL", OTHERS.GOOGLE_GEMINI_BASE_URL)
  testStack().defer(() => void vi.unstubAllEnvs())
  const options = createClient({ apiKey: "AQ.ours", baseUrl: null }) as unknown as {
    apiClient: { getBaseUrl(): string }
  }
  expect(options.apiClient.getBaseUrl()).toBe("https://generativelanguage.googleapis.com")
})

async function startServer(stack: AsyncDisposableStack) {
  const seen: { path: string | undefined; key: string | string[] | undefined }[] = []
  const server = createServer((req, res) => {
    seen.push({ path: req.url, key: req.headers["x-goog-api-key"] })
    res.writeHead(200, { "content-type": "text/event-stream" })
    res.end('data: {"candidates":[{"content":{"parts":[{"text":"Hi"}]},"finishReason":"STOP"}]}\n\n')
  }).listen(0, "127.0.0.1")
  stack.defer(() => void server.close())
  await once(server, "listening")
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen }
}
