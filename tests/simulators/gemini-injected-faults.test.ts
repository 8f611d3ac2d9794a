import { describe, expect, test } from "vitest"
import { useGemini, user } from "./gemini-kit.ts"
import { failed } from "./kit.ts"

const { simulator, streamed, generated, post } = await useGemini()

describe("an error status", () => {
  test.each([
    ["rate-limit", 429, "RESOURCE_EXHAUSTED"],
    ["rate-limit-day", 429, "RESOURCE_EXHAUSTED"],
    ["rate-limit-zero", 429, "RESOURCE_EXHAUSTED"],
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
  ])("%s tells its quota and a fractional delay in the body only", async (fault, per, quotaValue) => {
    const path = "/v1/models/gemini-3.8-flash:generateContent"
    const response = await post(path, {
      contents: [user(`[[gemini: ${fault} retry=0.5s]]`)],
    })
    expect(response.headers.has("retry-after")).toBe(false)
    expect(await response.json()).toMatchObject({
      error: {
        details: [
          { links: [{}] },
          { violations: [{ quotaId: expect.stringContaining(per), quotaValue }] },
          { retryDelay: "0.5s" },
        ],
      },
    })
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
  test.each([0, 1, 3])("cut after %i chunks is a TypeError", async (after) => {
    const { texts, error } = await streamed(`[[gemini: cut after=${after}]]`)
    expect(texts).toHaveLength(after)
    expect(error).toMatchObject({ name: "TypeError", message: "terminated" })
  })

  test("cut before the headers is a failed fetch", async () => {
    const { error } = await streamed("[[gemini: cut-headers]]")
    expect(error).toMatchObject({ name: "TypeError", message: "fetch failed" })
  })

  test("a clean end without finishReason looks like success", async () => {
    const { texts, finishReasons, error } = await streamed("[[gemini: end after=3]]")
    expect(texts).toHaveLength(3)
    expect(finishReasons).toEqual([undefined, undefined, undefined])
    expect(error).toBeUndefined()
  })

  test.each([
    [503, "UNAVAILABLE"],
    [500, "INTERNAL"],
    [429, "RESOURCE_EXHAUSTED"],
  ])("an error event %i is an ApiError", async (code, status) => {
    const { texts, error } = await streamed(`[[gemini: error-event after=2 code=${code}]]`)
    expect(texts).toHaveLength(2)
    expect(error).toMatchObject({ name: "ApiError", status: code })
    expect(error?.message).toContain(status)
  })

  test("a bare error is an incomplete segment", async () => {
    const { texts, error } = await streamed("[[gemini: error-bare after=2]]")
    expect(texts).toHaveLength(2)
    expect(error?.message).toBe("Incomplete JSON segment at the end")
  })

  test("a bare error and a blank line are dropped silently", async () => {
    const { texts, error, finishReason } = await streamed("[[gemini: error-bare-blank after=2]]")
    expect(texts).toHaveLength(2)
    expect({ error, finishReason }).toEqual({ error: undefined, finishReason: undefined })
  })

  test("a bare error that arrives alone is an ApiError", async () => {
    const { texts, error } = await streamed("[[gemini: error-bare after=2 alone]]")
    expect(texts).toHaveLength(2)
    expect(error).toMatchObject({ name: "ApiError", status: 503 })
  })
})

describe("a stall", () => {
  test.each(["stall after=3", "stall after=0", "stall-headers"])(
    "%s lasts until the client leaves",
    async (fault) => {
      const client = new AbortController()
      const seen = streamed(`[[gemini: ${fault}]]`, client.signal)
      const chunksSent = fault === "stall after=3" ? 3 : 0
      const status = fault === "stall-headers" ? null : 200
      await expect
        .poll(() => simulator.calls()[0])
        .toMatchObject({ chunksSent, status, endedAt: null, aborted: false, behaviour: expect.any(String) })
      client.abort()
      expect((await seen).error?.name).toBe("AbortError")
      await expect.poll(() => simulator.calls()[0]).toMatchObject({ aborted: true, chunksSent })
    },
  )

  test("a slow reply stops when the client leaves", async () => {
    const client = new AbortController()
    const seen = streamed("[[gemini: drip words=5000 delay=5]]", client.signal)
    await expect.poll(() => simulator.calls()[0]?.chunksSent).toBeGreaterThan(2)
    client.abort()
    await seen
    await expect.poll(() => simulator.calls()[0]).toMatchObject({ aborted: true })
    const [call] = simulator.calls()
    await generated("[[gemini: delay=5 chunks=20]] long enough to see work that goes on")
    expect(simulator.calls()[0]).toEqual(call)
    expect(call?.endedAt).toBeGreaterThanOrEqual(call?.startedAt ?? Number.NaN)
  })

  test("a call that ran to its end isn't aborted", async () => {
    await streamed("hi")
    await expect.poll(() => simulator.calls()[0]?.endedAt).not.toBeNull()
    expect(simulator.calls()[0]).toMatchObject({ aborted: false, status: 200 })
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
    ["safety", "SAFETY"],
    ["recitation", "RECITATION"],
    ["max-tokens", "MAX_TOKENS"],
    ["unknown-finish", "QUANTUM_DECOHERENCE"],
    ["safety reason=LANGUAGE", "LANGUAGE"],
  ])("%s ends a partial text", async (fault, finishReason) => {
    const prompt = `[[gemini: ${fault} after=2 chunks=5 echo="a b c d e"]]`
    const partial = await streamed(prompt)
    expect(partial).toMatchObject({ texts: ["a", " b"], finishReason, error: undefined })
    const unary = await generated(prompt)
    expect(unary.candidates?.[0]?.finishReason).toBe(finishReason)
    expect(unary.text).toBe("a b")
  })

  test.each([
    ["empty", "STOP"],
    ["safety after=0", "SAFETY"],
    ["max-tokens after=0", "MAX_TOKENS"],
  ])("%s has no text at all", async (fault, finishReason) => {
    const prompt = `[[gemini: ${fault}]]`
    expect(await streamed(prompt)).toMatchObject({ texts: [undefined], finishReason })
    const unary = await generated(prompt)
    expect(unary.text).toBeUndefined()
    expect(unary.candidates?.[0]?.finishReason).toBe(finishReason)
  })

  test("STOP may stand on every chunk", async () => {
    const { finishReasons } = await streamed("[[gemini: stop-every-chunk chunks=4]]")
    expect(finishReasons).toEqual(["STOP", "STOP", "STOP", "STOP"])
  })
})

describe("a fault of a unary call", () => {
  test("cut is a TypeError", async () => {
    expect(await failed(generated("[[gemini: cut]]"))).toMatchObject({ name: "TypeError" })
  })

  test("stall lasts until the client leaves", async () => {
    const client = new AbortController()
    const call = failed(generated("[[gemini: stall]]", client.signal))
    await expect.poll(() => simulator.calls()[0]?.chunksSent).toBe(1)
    client.abort()
    expect((await call).name).toBe("AbortError")
    await expect.poll(() => simulator.calls()[0]?.aborted).toBe(true)
  })

  test("end has text and no finishReason", async () => {
    const reply = await generated("[[gemini: end]]")
    expect(reply.text).toMatch(/^\*\*Simulated/)
    expect(reply.candidates?.[0]?.finishReason).toBeUndefined()
  })

  test("a mid-stream error is a status", async () => {
    expect(await failed(generated("[[gemini: error-bare code=500]]"))).toMatchObject({ status: 500 })
  })
})

describe("bytes", () => {
  test.each(["split", "bytes=1", "bytes=7"])("%s leaves the text whole", async (flag) => {
    const text = "Grüße aus Köln 👋🏽 – 日本語 👩‍👩‍👧‍👦 done"
    const { text: seen, error } = await streamed(`[[gemini: ${flag} echo]]${text}`)
    expect({ seen, error }).toEqual({ seen: text, error: undefined })
    expect(simulator.calls()[0]?.chunksSent).toBeGreaterThan(10)
  })
})

describe("the pace", () => {
  test.each([
    ["a stream", streamed],
    ["a unary reply", generated],
  ])("%s waits before each chunk", async (_, ask) => {
    await ask("[[gemini: delay=20 chunks=5]]")
    await expect.poll(() => simulator.calls()[0]?.endedAt).not.toBeNull()
    const [call] = simulator.calls()
    // Timers may fire up to a millisecond early.
    expect((call?.endedAt ?? 0) - (call?.startedAt ?? 0)).toBeGreaterThanOrEqual(95)
  })
})

describe("the array form", () => {
  const path = "/v1/models/gemini-3.8-flash:streamGenerateContent"
  const ask = (prompt: string) => post(path, { contents: [user(prompt)] })

  test("has a mid-stream error as an element", async () => {
    const chunks = (await (await ask("[[gemini: error-event after=2]]")).json()) as unknown[]
    expect(chunks).toHaveLength(3)
    expect(chunks[2]).toMatchObject({ error: { code: 503 } })
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
    const first = await streamed(prompt)
    const second = await streamed(prompt)
    const third = await streamed(prompt)
    expect([first.error?.name, second.error?.name, third.error]).toEqual(["ApiError", "TypeError", undefined])
    expect(third.text.split(/\s+/)).toHaveLength(3)
  })
})
