import { connect } from "node:net"
import { text } from "node:stream/consumers"
import { type GenerateContentConfig, ThinkingLevel } from "@google/genai"
import { describe, expect, test } from "vitest"
import { MODEL, useGemini, user } from "./gemini-kit.ts"
import { collect, failed } from "./kit.ts"

const { simulator, models, modelsOf, streamed, generated, post } = await useGemini()
const PATH = `/v1/models/${MODEL}`

describe("a streamed reply", () => {
  test("comes in several chunks, with a running total and STOP on the last", async () => {
    const stream = await models.generateContentStream({ model: MODEL, contents: "Why is the sky blue?" })
    const chunks = await collect(stream)
    expect(chunks.length).toBeGreaterThan(4)
    expect(chunks.map((chunk) => chunk.candidates?.[0]?.finishReason).filter(Boolean)).toEqual(["STOP"])
    expect(chunks.at(-1)?.candidates?.[0]?.finishReason).toBe("STOP")
    const totals = chunks.map((chunk) => chunk.usageMetadata?.totalTokenCount ?? 0)
    expect(totals).toEqual(totals.toSorted((a, b) => a - b))
    const last = chunks.at(-1)?.usageMetadata
    const { promptTokenCount = 0, candidatesTokenCount = 0, thoughtsTokenCount = 0 } = last ?? {}
    expect(thoughtsTokenCount).toBeGreaterThan(0)
    expect(last?.totalTokenCount).toBe(promptTokenCount + candidatesTokenCount + thoughtsTokenCount)
    expect(new Set(chunks.map((chunk) => chunk.responseId)).size).toBe(1)
    expect(chunks.every((chunk) => chunk.modelVersion === MODEL)).toBe(true)
  })

  test("is framed by CRLF and labelled as an event stream", async () => {
    const response = await post(`${PATH}:streamGenerateContent?alt=sse`, { contents: [user("hi")] })
    const body = await response.text()
    expect(response.headers.get("content-type")).toBe("text/event-stream")
    expect(body).toMatch(/^(data: \{[^\r\n]*\}\r\n\r\n)+$/)
  })

  test("is a JSON array without alt=sse", async () => {
    const response = await post(`${PATH}:streamGenerateContent`, { contents: [user("hi")] })
    const chunks = (await response.json()) as unknown[]
    expect(response.headers.get("content-type")).toContain("application/json")
    expect(chunks.length).toBeGreaterThan(4)
  })

  test("has the text of the unary reply", async () => {
    const [stream, unary] = await Promise.all([streamed("Compare"), generated("Compare")])
    expect(stream.text).toBe(unary.text)
  })
})

describe("the text of a reply", () => {
  const ask = (config: GenerateContentConfig) =>
    models.generateContent({ model: MODEL, contents: "hi", config })

  test("says that it is simulated, quotes the prompt and is the same for the same request", async () => {
    const first = await generated("Tell me about crème brûlée")
    const second = await generated("Tell me about crème brûlée")
    expect(first.text).toMatch(/simulated/i)
    expect(first.text).toContain("Tell me about crème brûlée")
    expect(first.text).toMatch(/[^\p{ASCII}]/u)
    expect(second.text).toBe(first.text)
  })

  test("says how many earlier turns were sent and how they began", async () => {
    const contents = [user("My name is Ada"), { role: "model", parts: [{ text: "Hello" }] }, user("And now?")]
    const { text } = await models.generateContent({ model: MODEL, contents })
    expect(text).toContain("Earlier turns sent: 2.")
    expect(text).toContain("The conversation began with “My name is Ada”")
  })

  test.each([1, 7, 500])("has %i words when asked", async (words) => {
    const { text } = await generated(`[[gemini: words=${words}]] go`)
    expect(text?.split(/\s+/)).toHaveLength(words)
  })

  test.each([1, 9, 200])("comes in %i chunks when asked", async (chunks) => {
    const { texts } = await streamed(`[[gemini: chunks=${chunks}]] go`)
    expect(texts).toHaveLength(chunks)
  })

  test("echoes to the byte, streamed or not", async () => {
    const wanted = '  à "quoted"\n\n```\n👩‍👩‍👧‍👦\n``` end '
    const prompt = `[[gemini: echo]]${wanted}`
    expect((await streamed(prompt)).text).toBe(wanted)
    expect((await generated(prompt)).text).toBe(wanted)
    expect((await streamed(`[[gemini: echo=${JSON.stringify("a ]] b")}]] x`)).text).toBe("a ]] b")
  })

  test("keeps to maxOutputTokens and stopSequences", async () => {
    const short = await ask({ maxOutputTokens: 20 })
    expect(short.candidates?.[0]?.finishReason).toBe("MAX_TOKENS")
    expect(short.usageMetadata?.candidatesTokenCount).toBe(10)
    const stopped = await ask({ stopSequences: ["You"] })
    expect(stopped.text).not.toContain("You")
    expect(stopped.candidates?.[0]?.finishReason).toBe("STOP")
  })

  test("shows thoughts only when asked", async () => {
    const thinkingConfig = { includeThoughts: true, thinkingLevel: ThinkingLevel.LOW }
    const reply = await ask({ thinkingConfig })
    const parts = reply.candidates?.[0]?.content?.parts ?? []
    expect(parts.map((part) => part.thought ?? false)).toEqual([true, false])
    expect(reply.text).toMatch(/^\*\*Simulated/)
  })
})

describe("tokens and models", () => {
  test("counts tokens, of attachments too", async () => {
    const { totalTokens } = await models.countTokens({ model: MODEL, contents: "twelve chars" })
    const image = { inlineData: { mimeType: "image/png", data: "iVBORw0KGgo=" } }
    const more = await models.countTokens({ model: MODEL, contents: ["twelve chars", image] })
    expect(totalTokens).toBe(3)
    expect(more.totalTokens).toBe(261)
  })

  test("counts a wrapped request and takes snake_case", async () => {
    const inner = { contents: [user("hi")], system_instruction: { parts: [{ text: "Be terse" }] } }
    const response = await post(`/v1beta/models/${MODEL}:countTokens`, { generateContentRequest: inner })
    expect(await response.json()).toMatchObject({ totalTokens: 3 })
  })

  test("lists and shows models", async () => {
    const names = (await collect(await models.list())).map((model) => model.name)
    expect(names).toContain(`models/${MODEL}`)
    expect((await models.get({ model: MODEL })).inputTokenLimit).toBe(1_048_576)
  })
})

describe("a refused call", () => {
  const body = { contents: [user("hi")] }
  const thinking = (thinkingConfig: object) => ({ ...body, generationConfig: { thinkingConfig } })

  test("has no key", async () => {
    const response = await post(`${PATH}:generateContent`, body, "")
    expect(response.status).toBe(403)
    expect(await response.json()).toMatchObject({ error: { code: 403, status: "PERMISSION_DENIED" } })
    const keyed = await post(`${PATH}:generateContent?key=some-key`, body, "")
    expect(keyed.status).toBe(200)
  })

  test.each(["invalid", "AQ.some-invalid"])("has the bad key %s", async (key) => {
    const error = await failed(modelsOf(key).generateContent({ model: MODEL, contents: "hi" }))
    expect(error.status).toBe(400)
    expect(JSON.parse(error.message).error).toMatchObject({
      status: "INVALID_ARGUMENT",
      details: [{ reason: "API_KEY_INVALID" }, { locale: "en-US" }],
    })
  })

  test.each(["gpt-7", "gemini-1.5-flash"])("asks for the model %s", async (model) => {
    const error = await failed(models.generateContent({ model, contents: "hi" }))
    expect(error.status).toBe(404)
    expect(JSON.parse(error.message).error.status).toBe("NOT_FOUND")
  })

  test.each([
    ["isn't JSON", "{"],
    ["has no contents", {}],
    ["has a content without parts", { contents: [{ role: "user", parts: [] }] }],
    ["has an empty part", { contents: [user("")] }],
    ["has an unknown role", { contents: [{ role: "assistant", parts: [{ text: "hi" }] }] }],
    ["has an unknown name", { ...body, messages: [] }],
    ["sets budget and level", thinking({ thinkingBudget: 1, thinkingLevel: "low" })],
    ["sets an unknown level", thinking({ thinkingLevel: "minimal" })],
    ["has a directive with a typing error", { contents: [user("[[gemini: stal]]")] }],
  ])("%s", async (_, bad) => {
    const response = await post(`${PATH}:generateContent`, bad)
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: { code: 400, status: "INVALID_ARGUMENT" } })
  })

  test("isn't even a path", async () => {
    const socket = connect(simulator.port, "127.0.0.1")
    socket.end("GET // HTTP/1.1\r\nHost: simulator\r\nConnection: close\r\n\r\n")
    expect(await text(socket)).toMatch(/^HTTP\/1.1 404 /)
  })

  test("goes to a path that doesn't exist", async () => {
    const response = await post("/v2/models", {})
    expect(response.status).toBe(404)
    expect(response.headers.get("content-type")).toContain("text/html")
  })
})
