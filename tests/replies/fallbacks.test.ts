import { beforeEach, expect, test } from "vitest"
import { times } from "../helpers/answers.ts"
import { ask, createRoom } from "../helpers/chat.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"

const MODEL = "gemini-3.8-flash"
const FALLBACK = "gemini-3.5-flash-lite"
const app = useTestApp({
  config: { gemini: { fallbackModels: [FALLBACK], firstChunkTimeoutMs: 3_000 } },
  timing: { gemini: { firstCooldownMs: 500 }, replies: { firstRetryMs: 600 } },
})
const ann = useUser(app, { pro: true })
beforeEach(() => {
  app.gemini.reset()
  for (const model of [MODEL, FALLBACK]) app.ctx.circuitBreaker.succeeded(model)
})

test.each(["unavailable", "cut-headers", "stall-headers", "not-found", "rate-limit-day"])(
  "while the first model's answer is %s the fallback answers, at the same attempt",
  async (directive) => {
    app.gemini.script({ directive, model: MODEL, text: "fall back", calls: 1 })
    const reply = await ask(app, ann, await createRoom(app, ann), "fall back")
    expect(reply).toMatchObject({ status: "completed", model: FALLBACK })
    expect(app.gemini.calls().map(({ model }) => model)).toEqual([MODEL, FALLBACK])
  },
)

test("a silence before the first chunk opens no circuit", async () => {
  app.gemini.script({ directive: "stall-headers", model: MODEL, text: "thinks long", calls: 6 })
  const replies = await times(6, async () => ask(app, ann, await createRoom(app, ann), "thinks long"))
  expect(replies.map(({ status }) => status)).toEqual(Array(6).fill("completed"))
  expect(app.ctx.circuitBreaker.cooldownMs(MODEL)).toBe(0)
  expect(app.gemini.calls().filter(({ model }) => model === MODEL)).toHaveLength(6)
})

test("what a fallback lacks for good doesn't end a reply whose own model only cools down", async () => {
  const room = await createRoom(app, ann)
  app.gemini.script({ directive: "rate-limit-day", model: FALLBACK, text: "either", calls: 1 })
  // Longer than a busy machine takes until the reply is begun.
  for (let n = 0; n < 5; n++) app.ctx.circuitBreaker.failed(MODEL, 3_000)
  const reply = await ask(app, ann, room, "either")
  expect(reply).toMatchObject({ status: "completed", model: MODEL })
  expect(app.gemini.calls().map(({ model }) => model)).toEqual([FALLBACK, MODEL])
})

test("a reply costs three calls at most, fallbacks included", async () => {
  app.gemini.script({ directive: "unavailable", text: "three calls", calls: 99 })
  const reply = await ask(app, ann, await createRoom(app, ann), "three calls")
  expect(reply).toMatchObject({ status: "failed", error: { code: "provider_busy" } })
  expect(app.gemini.calls().map(({ model }) => model)).toEqual([MODEL, FALLBACK, MODEL])
})

test("an answer that breaks off isn't another model's to go on with", async () => {
  app.gemini.script({ directive: "cut after=2", model: MODEL, text: "break off", calls: 1 })
  expect(await ask(app, ann, await createRoom(app, ann), "break off")).toMatchObject({ status: "completed" })
  expect(app.gemini.calls().map(({ model }) => model)).toEqual([MODEL, MODEL])
})

test("a model that can't be reached is left alone after five calls in a row", async () => {
  app.gemini.script({ directive: "cut-headers", model: MODEL, text: "nobody there", calls: 99 })
  const room = await createRoom(app, ann)
  for (let i = 0; i < 12; i++)
    expect(await ask(app, ann, room, "nobody there")).toMatchObject({ status: "completed" })
  const calls = app.gemini.calls().filter(({ model }) => model === MODEL)
  expect(calls.length).toBeGreaterThanOrEqual(5)
  // A call after a cool-down, or a few where this machine is slow.
  expect(calls.length).toBeLessThan(10)
})
