import type { GenerateContentResponse } from "@google/genai"
import { describe, expect, test } from "vitest"
import { MODEL, useGemini, user } from "./gemini-kit.ts"
import { failed } from "./kit.ts"

const { simulator, streamed, generated, post } = await useGemini()
const lastCall = () => simulator.calls()[0]

describe("an error status", () => {
  test.each([
    ["rate-limit", 429, "RESOURCE_EXHAUSTED"],
    ["rate-limit-day", 429, "RESOURCE_EXHAUSTED"],
    ["rate-limit-zero", 429, "RESOURCE_EXHAUSTED"],
    ["credits", 402, "RESOURCE_EXHAUSTED"],
    ["spending-cap", 429, "RESOURCE_EXHAUSTED"],
    ["not-found", 404, "NOT_FOUND"],
    ["internal", 500, "INTERNAL"],
    ["unavailable", 503, "UNAVAILABLE"],
    ["deadline", 504, "DEADLINE_EXCEEDED"],
    ["forbidden", 403, "PERMISSION_DENIED"],
    ["unauthenticated", 401, "UNAUTHENTICATED"],
    ["key-invalid", 400, "INVALID_ARGUMENT"],
    ["region", 400, "FAILED_PRECONDITION"],
  ])("%s is an ApiError, encoded twice when streamed", async (fault, code, status) => {
    const prompt = `[[gemini: ${fault}]] hi`
    const { error } = await streamed(prompt)
    expect(error).toMatchObject({ name: "ApiError", status: code })
    expect(JSON.parse(JSON.parse(error?.message ?? "").error.message).error).toMatchObject({ code, status })
    const unary = await failed(generated(prompt))
    expect(unary).toMatchObject({ name: "ApiError", status: code })
    expect(JSON.parse(unary.message).error).toMatchObject({ code, status })
  })

  test.each([
    ["rate-limit", "PerMinute", "10"],
    ["rate-limit-day", "PerDay", "250"],
    ["rate-limit-zero", "PerDay", "0"],
  ])("%s names its quota and a fractional delay in the body only", async (fault, per, quotaValue) => {
    const contents = [user(`[[gemini: ${fault} retry=0.5s]]`)]
    const response = await post(`/v1/models/${MODEL}:generateContent`, { contents })
    expect(response.headers.has("retry-after")).toBe(false)
    const violations = [{ quotaId: expect.stringContaining(per), quotaValue }]
    const details = [{ links: [{}] }, { violations }, { retryDelay: "0.5s" }]
    expect(await response.json()).toMatchObject({ error: { details } })
  })

  test("retry=none leaves the delay out", async () => {
    const error = await failed(generated("[[gemini: rate-limit retry=none]]"))
    expect(error.message).not.toContain("RetryInfo")
  })

  test("403 can come as a page of the front end", async () => {
    const { error } = await streamed("[[gemini: forbidden-html]]")
    expect(error).toMatchObject({ name: "ApiError", status: 403 })
    expect(error?.message).toContain("<title>Error 403 (Forbidden)!!1</title>")
  })
})

describe("a stream that breaks", () => {
  const NO_ERROR = { error: undefined, finishReason: undefined }
  const INCOMPLETE = { error: { message: "Incomplete JSON segment at the end" } }

  test.each([
    ["cut after=0", 0, { error: { name: "TypeError", message: "terminated" } }],
    ["cut after=1", 1, { error: { name: "TypeError", message: "terminated" } }],
    ["cut after=3", 3, { error: { name: "TypeError", message: "terminated" } }],
    ["cut-headers", 0, { error: { name: "TypeError", message: "fetch failed" } }],
    // A clean end without finishReason looks like success.
    ["end after=3", 3, { ...NO_ERROR, finishReasons: [undefined, undefined, undefined] }],
    ["error-event after=2 code=503", 2, apiError(503, "UNAVAILABLE")],
    ["error-event after=2 code=500", 2, apiError(500, "INTERNAL")],
    ["error-event after=2 code=429", 2, apiError(429, "RESOURCE_EXHAUSTED")],
    ["error-bare after=2", 2, INCOMPLETE],
    ["error-bare after=2 alone", 2, apiError(503, "UNAVAILABLE")],
    // The SDK drops it silently.
    ["error-bare-blank after=2", 2, NO_ERROR],
  ])("by %s has %i chunks", async (fault, chunks, seen) => {
    const stream = await streamed(`[[gemini: ${fault}]]`)
    expect(stream).toMatchObject(seen)
    expect(stream.texts).toHaveLength(chunks)
  })

  function apiError(code: number, status: string) {
    return { error: { name: "ApiError", status: code, message: expect.stringContaining(status) } }
  }
})

describe("a stall", () => {
  test.each([
    ["stall after=3", streamed, 3, 200],
    ["stall after=0", streamed, 0, 200],
    ["stall-headers", streamed, 0, null],
    ["stall", (...call: Parameters<typeof generated>) => failed(generated(...call)), 1, 200],
  ])("%s lasts until the client leaves", async (fault, ask, chunksSent, status) => {
    const client = new AbortController()
    const seen = ask(`[[gemini: ${fault}]]`, client.signal)
    await expect.poll(lastCall).toMatchObject({
      chunksSent,
      status,
      endedAt: null,
      aborted: false,
      behaviour: expect.stringMatching(fault.split(" ")[0] ?? ""),
    })
    client.abort()
    const outcome = await seen
    expect("error" in outcome ? outcome.error : outcome).toMatchObject({ name: "AbortError" })
    await expect.poll(lastCall).toMatchObject({ aborted: true, chunksSent })
  })

  test.each(["sse", "array"])("released, it goes on with the rest of the reply (%s)", async (form) => {
    const contents = [user('[[gemini: stall after=2 chunks=4 echo="a b c d"]]')]
    const path = `/v1beta/models/${MODEL}:streamGenerateContent${form === "sse" ? "?alt=sse" : ""}`
    const response = await post(path, { contents })
    await expect.poll(() => lastCall()?.chunksSent).toBe(2)
    simulator.release()
    const text = await response.text()
    const frames = form === "sse" ? `[${text.replaceAll("data: ", ",").replace(",", "")}]` : text
    const told: GenerateContentResponse[] = JSON.parse(frames)
    const texts = told.map(({ candidates }) => candidates?.[0]?.content?.parts?.[0]?.text)
    expect(texts.join("")).toBe("a b c d")
    await expect.poll(lastCall).toMatchObject({ isWhole: true, aborted: false })
  })

  test("a slow reply stops when the client leaves", async () => {
    const client = new AbortController()
    const seen = streamed("[[gemini: drip words=5000 delay=5]]", client.signal)
    await expect.poll(() => lastCall()?.chunksSent).toBeGreaterThan(2)
    client.abort()
    await seen
    await expect.poll(lastCall).toMatchObject({ aborted: true })
    const call = lastCall()
    await generated("[[gemini: delay=5 chunks=20]] long enough to see work that goes on")
    expect(lastCall()).toEqual(call)
    expect(call?.endedAt).toBeGreaterThanOrEqual(call?.startedAt ?? Number.NaN)
  })

  test("a call that ran to its end isn't aborted", async () => {
    await streamed("hi")
    await expect.poll(() => lastCall()?.endedAt).not.toBeNull()
    expect(lastCall()).toMatchObject({ aborted: false, status: 200 })
  })
})

describe("another finish", () => {
  test("a blocked prompt has no text and a reason", async () => {
    const blocked = await streamed("[[gemini: blocked]]")
    expect(blocked).toMatchObject({ texts: [undefined], blockReason: "SAFETY", error: undefined })
    const unary = await generated("[[gemini: blocked reason=JAILBREAK]]")
    expect(unary.promptFeedback?.blockReason).toBe("JAILBREAK")
    expect(unary.text).toBeUndefined()
  })

  test.each([
    ["safety", "SAFETY", ["a", " b"]],
    ["recitation", "RECITATION", ["a", " b"]],
    ["max-tokens", "MAX_TOKENS", ["a", " b"]],
    ["unknown-finish", "QUANTUM_DECOHERENCE", ["a", " b"]],
    ["safety reason=LANGUAGE", "LANGUAGE", ["a", " b"]],
    ["empty", "STOP", [undefined]],
    ["safety after=0", "SAFETY", [undefined]],
    ["max-tokens after=0", "MAX_TOKENS", [undefined]],
  ])("%s ends by %s", async (fault, finishReason, texts) => {
    const prompt = `[[gemini: ${fault} chunks=5 echo="a b c d e"]]`
    expect(await streamed(prompt)).toMatchObject({ texts, finishReason, error: undefined })
    const unary = await generated(prompt)
    expect(unary.candidates?.[0]?.finishReason).toBe(finishReason)
    expect(unary.text).toBe(texts[0] && texts.join(""))
  })

  test("STOP may stand on every chunk", async () => {
    const { finishReasons } = await streamed("[[gemini: stop-every-chunk chunks=4]]")
    expect(finishReasons).toEqual(["STOP", "STOP", "STOP", "STOP"])
  })
})

describe("a fault of a unary call", () => {
  test.each([
    ["cut", { name: "TypeError" }],
    ["error-bare code=500", { status: 500 }],
  ])("%s is an error", async (fault, error) => {
    expect(await failed(generated(`[[gemini: ${fault}]]`))).toMatchObject(error)
  })

  test("end has text and no finishReason", async () => {
    const reply = await generated("[[gemini: end]]")
    expect(reply.text).toMatch(/^\*\*Simulated/)
    expect(reply.candidates?.[0]?.finishReason).toBeUndefined()
  })
})

test.each(["split", "bytes=1", "bytes=7"])("%s leaves the text whole", async (flag) => {
  const text = "Grüße aus Köln 👋🏽 – 日本語 👩‍👩‍👧‍👦 done"
  expect(await streamed(`[[gemini: ${flag} echo]]${text}`)).toMatchObject({ text, error: undefined })
  expect(lastCall()?.chunksSent).toBeGreaterThan(10)
})

test.each([
  ["a stream", streamed],
  ["a unary reply", generated],
])("%s waits before each chunk", async (_, ask) => {
  await ask("[[gemini: delay=20 chunks=5]]")
  await expect.poll(() => lastCall()?.endedAt).not.toBeNull()
  const { startedAt = 0, endedAt } = lastCall() ?? {}
  // Timers may fire up to a millisecond early.
  expect((endedAt ?? 0) - startedAt).toBeGreaterThanOrEqual(95)
})

describe("the array form", () => {
  const ask = (prompt: string) =>
    post(`/v1/models/${MODEL}:streamGenerateContent`, { contents: [user(prompt)] })

  test("has a mid-stream error as an element", async () => {
    const chunks = (await (await ask("[[gemini: error-event after=2]]")).json()) as unknown[]
    expect(chunks).toMatchObject([{}, {}, { error: { code: 503 } }])
  })

  test("has an error status in an array, as JSON", async () => {
    const response = await ask("[[gemini: internal]]")
    expect(response.status).toBe(500)
    expect(await response.json()).toMatchObject([{ error: { status: "INTERNAL" } }])
  })

  test("is a whole array when it ends before any chunk", async () => {
    expect(await (await ask("[[gemini: end after=0]]")).json()).toEqual([])
  })
})

describe("times", () => {
  test("a fault holds for the first calls with the same prompt", async () => {
    const prompt = "[[gemini: unavailable times=2]] again"
    const codes = []
    for (let turn = 0; turn < 3; turn++) codes.push((await streamed(prompt)).error?.status)
    expect(codes).toEqual([503, 503, undefined])
    expect((await streamed(`${prompt}!`)).error?.status).toBe(503)
  })

  test("several faults take turns, options always apply", async () => {
    const prompt = "[[gemini: words=3]][[gemini: unavailable times=1]][[gemini: cut after=1 times=1]] go"
    const seen = [await streamed(prompt), await streamed(prompt), await streamed(prompt)]
    expect(seen.map(({ error }) => error?.name)).toEqual(["ApiError", "TypeError", undefined])
    expect(seen[2]?.text.split(/\s+/)).toHaveLength(3)
  })
})
