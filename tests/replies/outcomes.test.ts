import { beforeAll, describe, expect, test } from "vitest"
import { type SignedIn, signIn, type TestApp } from "../helpers/app.ts"
import { ask, createRoom, finalReply, promptsUsed, send } from "../helpers/chat.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"

const FIRST_RETRY_MS = 600
/** Each fault has a model of its own, as one that has failed so often is left alone for a while. */
const faultModel = (n: number) => `gemini-fault-${n}`
const models = ["gemini-3.8-flash", ...Array.from({ length: 99 }, (_, n) => faultModel(n))]
const startApp = (gemini: object = {}) =>
  useTestApp({
    config: { gemini: { models: models.map((name) => ({ name, tier: "basic" as const })), ...gemini } },
    timing: { replies: { firstRetryMs: FIRST_RETRY_MS } },
  })
const app = startApp()
const ann = useUser(app, { pro: true })
/** For calls that stand still: a busy machine makes healthy ones wait for so long, too. */
const hasty = startApp({ firstChunkTimeoutMs: 3_000, idleTimeoutMs: 3_000, totalTimeoutMs: 60_000 })

const callsFor = (prompt: string, { gemini } = app) =>
  gemini.calls().filter((call) => call.prompt.includes(prompt))

interface Asked {
  app: TestApp
  user: SignedIn
  prompt: string
  reply: Awaited<ReturnType<typeof finalReply>>
}

/** Asks with each fault at once, before the tests, as most of the time is waiting. */
function askAll(faults: readonly string[]): Record<string, Promise<Asked>> {
  const asked: Record<string, Promise<Asked>> = {}
  beforeAll(() => {
    for (const [n, fault] of faults.entries()) {
      asked[fault] = askOnce(fault, faultModel(n))
      // Its test reports it.
      asked[fault].catch(() => undefined)
    }
  })
  return asked
}

async function askOnce(fault: string, model: string): Promise<Asked> {
  const asking = fault.startsWith("stall") ? hasty : app
  const user = await signIn(asking)
  const prompt = `${fault} ${Math.random()}`
  const room = await createRoom(asking, user, { model })
  const { body } = await send(asking, user, room, `[[gemini: ${fault}]] ${prompt}`)
  return { app: asking, user, prompt, reply: await finalReply(asking, user, body.reply) }
}

/** What Gemini returned about the reply: nothing, or a finish reason (or none) and the token counts. */
const META = {
  nothing: { finishReason: null, usage: null },
  because: (finishReason: string | null) => ({ finishReason, usage: { promptTokens: expect.any(Number) } }),
}

type Failure = [fault: string, code: string, meta?: object]

const FINAL: Failure[] = [
  ["rate-limit-day", "provider_exhausted"],
  ["rate-limit-zero", "provider_exhausted"],
  ["rate-limit retry=9999999999s", "provider_busy"],
  ["credits", "provider_exhausted", META.nothing],
  ["spending-cap", "provider_exhausted"],
  ["not-found", "misconfigured"],
  ["forbidden", "misconfigured", META.nothing],
  ["forbidden-html", "misconfigured"],
  ["unauthenticated", "misconfigured"],
  ["key-invalid", "misconfigured"],
  ["region", "misconfigured"],
  ["blocked", "blocked", META.because(null)],
  ["safety after=0", "blocked"],
  ["safety after=2", "blocked", META.because("SAFETY")],
  ["recitation", "blocked"],
  ["max-tokens after=0", "truncated", META.because("MAX_TOKENS")],
  ["unknown-finish", "provider_refused", META.because("QUANTUM_DECOHERENCE")],
]
const PASSING = [
  "rate-limit retry=0.5s",
  "internal",
  "unavailable",
  "stall-headers",
  "cut-headers",
  "stall after=2",
  "cut after=2",
  "end after=2",
  "error-event after=2",
  "error-bare after=2",
  "error-bare-blank after=2",
  "empty",
].map((fault) => `${fault} times=1`)
const LASTING: Failure[] = [
  ["unavailable", "provider_busy"],
  ["cut after=2", "interrupted"],
  ["stall after=2", "interrupted"],
  ["cut-headers", "provider_unreachable"],
  ["stall-headers", "provider_unreachable"],
]

const asked = askAll([...[...FINAL, ...LASTING].map(([fault]) => fault), ...PASSING])

test.each(FINAL)("%s can't succeed: %s at the first attempt", async (fault, code, meta = {}) => {
  const { user, prompt, reply } = (await asked[fault]) as Asked
  expect(reply).toMatchObject({ status: "failed", error: { code, message: expect.stringMatching(/\.$/) } })
  expect(reply).toMatchObject(meta)
  if (reply.usage) expect(reply.usage.outputTokens > 0).toBe(reply.content !== "")
  expect(reply.error.message).not.toMatch(/gemini|google|api.?key|quota.*per/i)
  expect(callsFor(prompt)).toHaveLength(1)
  expect(await promptsUsed(app, user)).toBe(0)
})

test.each(PASSING)("%s may pass: the second attempt succeeds", async (fault) => {
  const { app, prompt, reply } = (await asked[fault]) as Asked
  expect(reply).toMatchObject({ status: "completed", error: null })
  expect(callsFor(prompt, app)).toHaveLength(2)
})

test.each(LASTING)("%s three times, exponentially apart, is %s and costs nothing", async (fault, code) => {
  const { app, user, prompt, reply } = (await asked[fault]) as Asked
  expect(reply).toMatchObject({ status: "failed", error: { code } })
  expect(reply.content !== "").toBe(code === "interrupted")
  const startedAt = callsFor(prompt, app).map((call) => call.startedAt)
  expect(startedAt).toHaveLength(3)
  const [first = 0, second = 0, third = 0] = startedAt
  expect(second - first).toBeGreaterThanOrEqual(FIRST_RETRY_MS - 50)
  expect(third - second).toBeGreaterThanOrEqual(2 * FIRST_RETRY_MS - 50)
  expect(await promptsUsed(app, user)).toBe(0)
})

test("a longer wait that Gemini asks for is kept", async () => {
  const prompt = `wait ${Math.random()}`
  await ask(app, ann, await createRoom(app, ann), `[[gemini: rate-limit retry=1.4s times=1]] ${prompt}`)
  const [first, second] = callsFor(prompt)
  expect((second?.startedAt ?? 0) - (first?.startedAt ?? 0)).toBeGreaterThanOrEqual(1_350)
})

test("STOP on every chunk doesn't end a reply early", async () => {
  const text = "one two three four five six seven eight nine ten"
  const reply = await ask(app, ann, await createRoom(app, ann), `[[gemini: stop-every-chunk echo]]${text}`)
  expect(reply).toMatchObject({ status: "completed", content: text })
})

test("what went wrong at the provider is in the log with the request id, not in the reply", async () => {
  const room = await createRoom(app, ann)
  const headers = { "X-Request-Id": "find-me-42" }
  const message = "[[gemini: key-invalid]]"
  const { body } = await ann.http.post(`/chatroom/${room.id}/message`, { message }, { headers })
  const lines = () => app.logs().split("\n")
  await expect
    .poll(() => lines().filter((line) => line.includes("attempt_failed") && line.includes("find-me-42")))
    .toEqual([expect.stringContaining("API_KEY_INVALID")])
  expect(body.reply.error).toBeNull()
})

describe("what Gemini is sent", () => {
  test("the branch, in a conversation", async () => {
    const room = await createRoom(app, ann, { systemInstruction: "Answer in rhymes." })
    await ask(app, ann, room, "first question")
    await ask(app, ann, room, "second question")
    const call = callsFor("second question").at(-1)
    const turns = call?.contents.map(({ role }: { role?: string }) => role)
    expect(turns).toEqual(["user", "model", "user"])
    expect(JSON.stringify(call?.request)).toContain("Answer in rhymes.")
  })

  test("a blocked prompt, then a harmless one: the harmless one alone", async () => {
    const room = await createRoom(app, ann)
    const refused = await ask(app, ann, room, "[[gemini: safety after=1]] harmful question")
    expect(refused).toMatchObject({ status: "failed", error: { code: "blocked" } })
    expect(await ask(app, ann, room, "harmless question")).toMatchObject({ status: "completed" })
    expect(callsFor("harmless question").at(-1)?.contents).toEqual([
      { role: "user", parts: [{ text: "harmless question" }] },
    ])
  })

  test("prompts whose replies failed otherwise, together with the next one", async () => {
    const room = await createRoom(app, ann)
    await ask(app, ann, room, "[[gemini: region]] unanswered question")
    await ask(app, ann, room, "question after it")
    const turns = callsFor("question after it").at(-1)?.contents
    expect(turns?.map(({ role, parts }) => [role, parts?.length])).toEqual([["user", 2]])
  })

  test("the message alone, where the room says single", async () => {
    const room = await createRoom(app, ann, { context: "single" })
    await ask(app, ann, room, "[[gemini: echo]]ok")
    await ask(app, ann, room, "a")
    await ask(app, ann, room, "second single")
    expect(callsFor("second single").at(-1)?.contents).toHaveLength(1)
  })

  test("only the branch that the prompt is on", async () => {
    const room = await createRoom(app, ann)
    await ask(app, ann, room, "dropped version")
    await ask(app, ann, room, "kept version", { parentId: null })
    await ask(app, ann, room, "follow-up")
    expect(JSON.stringify(callsFor("follow-up").at(-1)?.contents)).not.toContain("dropped version")
  })

  test("no more than the token budget, the newest turns first", async () => {
    const room = await createRoom(app, ann)
    for (let i = 0; i < 5; i++) await ask(app, ann, room, `turn ${i} ${"y".repeat(25_000)}`)
    await ask(app, ann, room, "newest")
    const turns = callsFor("newest")
      .at(-1)
      ?.contents.filter(({ role }) => role === "user")
    const prompts = turns?.map(({ parts }) => parts?.[0]?.text?.slice(0, 6))
    // The fifth was too much, so the older half went with it.
    expect(prompts).toEqual(["turn 3", "turn 4", "newest"])
  })
})

describe("replies of a room", () => {
  test("are made one at a time, in the order of their prompts", async () => {
    const room = await createRoom(app, ann)
    const tag = `order ${Math.random()}`
    const sent = []
    for (let i = 0; i < 5; i++)
      sent.push((await send(app, ann, room, `[[gemini: chunks=4 delay=20]] ${tag} ${i}`)).body.reply)
    await expect.poll(() => callsFor(tag).filter(({ endedAt }) => endedAt !== null).length).toBe(5)
    const calls = callsFor(tag).sort((a, b) => a.startedAt - b.startedAt)
    expect(calls.map(({ prompt }) => prompt.at(-1))).toEqual(["0", "1", "2", "3", "4"])
    for (const [i, call] of calls.entries())
      expect(call.startedAt).toBeGreaterThanOrEqual(calls[i - 1]?.endedAt ?? 0)
  })

  test("don't wait for another room's", async () => {
    const stuck = await createRoom(app, ann)
    await send(app, ann, stuck, "[[gemini: drip chunks=100 delay=100]] slow room")
    const quick = await ask(app, ann, await createRoom(app, ann), "quick room")
    expect(quick).toMatchObject({ status: "completed" })
    await ann.http.delete(`/chatroom/${stuck.id}`)
  })
})
