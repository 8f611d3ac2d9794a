import { beforeEach, expect, test } from "vitest"
import { startTestApp, type TestApp } from "../helpers/app.ts"
import { ask, createRoom, finalReply, send } from "../helpers/chat.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"
import { type ReceivedSpan, useOtlpReceiver } from "./otlp-receiver.ts"

const receiver = useOtlpReceiver()
const untraced = useTestApp({ worker: false })
const ann = useUser(untraced, { pro: true })

const traced = (config: object = {}) =>
  startTestApp({
    beside: untraced,
    config: { tracing: { url: receiver.url, headers: { "x-key": "collector-secret" }, ...config } },
  })

/** What the receiver had when the test began. */
let before = 0
beforeEach(() => {
  before = receiver.spans().length
})

/** Closing an app sends its last spans. */
async function spansOf(app: TestApp): Promise<ReceivedSpan[]> {
  await app.close()
  return receiver.spans().slice(before)
}

test("a prompt is one trace, from the request through the queue to the model and the end", async () => {
  const app = await traced()
  const room = await createRoom(app, ann, { name: "canary-room" })
  await ask(app, ann, room, `canary-prompt ${ann.mobileNumber}`, {})
  await app.http.post("/auth/verify-otp", { mobileNumber: ann.mobileNumber, otp: "123123" })
  const logged = app.logs()
  const spans = await spansOf(app)
  const sent = spans.find(({ name }) => name === "POST /chatroom/:id/message") as ReceivedSpan
  const trace = spans.filter(({ traceId }) => traceId === sent.traceId)
  const byName = (name: string) => trace.find((span) => span.name === name) as ReceivedSpan
  expect(trace.map(({ name }) => name).sort()).toEqual([
    "POST /chatroom/:id/message",
    "chat gemini-3.8-flash",
    "process gemini-queue",
    "send gemini-queue",
    "write prompt",
    "write reply",
  ])
  expect(sent.parent).toBeNull()
  expect(byName("write prompt").parent).toBe(sent.spanId)
  expect(byName("send gemini-queue").parent).toBe(sent.spanId)
  expect(byName("process gemini-queue").parent).toBe(byName("write prompt").spanId)
  expect(byName("chat gemini-3.8-flash")).toMatchObject({
    parent: byName("process gemini-queue").spanId,
    events: ["first text"],
    attributes: {
      "gen_ai.response.finish_reasons": { values: [{ stringValue: "STOP" }] },
      "gen_ai.conversation.id": room.id,
      "gen_ai.response.id": expect.any(String),
      "gen_ai.response.time_to_first_chunk": expect.any(Number),
      "gen_ai.usage.output_tokens": expect.anything(),
    },
  })
  expect(sent.attributes).toEqual({
    "http.request.method": "POST",
    "http.route": "/chatroom/:id/message",
    "http.response.status_code": 202,
  })
  expect(logged).toContain(`"traceId":"${sent.traceId}"`)
  expect(receiver.headers.at(-1)).toMatchObject({ "x-key": "collector-secret" })

  const secrets = ["canary-", ann.token, ann.refreshToken, ann.mobileNumber.slice(1), "test-key", "123123"]
  for (const secret of [...secrets, "collector-secret", "imulated"])
    expect(receiver.raw().includes(secret), secret.slice(0, 8)).toBe(false)
})

test("every attempt at a reply belongs to its prompt's trace, and says why it failed", async () => {
  const app = await traced()
  const room = await createRoom(app, ann)
  app.gemini.script({ directive: "cut", text: "twice, please", calls: 1 })
  expect((await ask(app, ann, room, "twice, please")).status).toBe("completed")
  const attempts = (await spansOf(app)).filter(({ name }) => name === "process gemini-queue")
  expect(attempts.map(({ attributes, failed }) => [attributes["chat.reply.outcome"], failed])).toEqual([
    ["retry", true],
    ["finished", false],
  ])
  expect(attempts[0]?.attributes["error.type"]).toBe("interrupted")
  expect(new Set(attempts.map(({ traceId }) => traceId)).size).toBe(1)
})

test("the room's next reply belongs to its own prompt's trace", async () => {
  const app = await traced()
  const room = await createRoom(app, ann)
  const first = (await send(app, ann, room, "[[gemini: chunks=4 delay=30]] one")).body.reply
  const second = (await send(app, ann, room, "two")).body.reply
  await Promise.all([first, second].map((reply) => finalReply(app, ann, reply)))
  const spans = await spansOf(app)
  const traces = spans.filter(({ name }) => name === "POST /chatroom/:id/message").map((span) => span.traceId)
  const worked = spans.filter(({ name }) => name === "process gemini-queue").map((span) => span.traceId)
  expect(worked).toEqual(traces)
  expect(new Set(traces).size).toBe(2)
})

const THEIRS = "0af7651916cd43dd8448eb211c80319c"
const GOOD = `00-${THEIRS}-b7ad6b7169203331-01`
const BAD = [`00-${THEIRS}-0000000000000000-01`, "00-canary-+12025550123-01"]

test.each([
  { takesParents: false, expected: [false, false, false] },
  { takesParents: true, expected: [true, false, false] },
])(
  "takesParents $takesParents: a client's trace is continued: $expected",
  async ({ takesParents, expected }) => {
    const app = await traced({ takesParents })
    for (const traceparent of [GOOD, ...BAD]) await app.http.get("/health/live", { headers: { traceparent } })
    const spans = await spansOf(app)
    expect(spans.map(({ name }) => name)).toEqual(Array(3).fill("GET /health/live"))
    expect(spans.map(({ traceId }) => traceId === THEIRS)).toEqual(expected)
  },
)

test("a ratio of 0 records nothing, and a collector that is gone holds nothing up", async () => {
  const silent = await traced({ ratio: 0 })
  await createRoom(silent, ann)
  expect(await spansOf(silent)).toEqual([])
  const lost = await traced({ url: "http://127.0.0.1:9/v1/traces" })
  expect((await ask(lost, ann, await createRoom(lost, ann), "hello")).status).toBe("completed")
  const logs = lost.logs
  await lost.close()
  expect(logs()).toMatch(/spans can't be sent|the last spans were not sent/)
})

test("off, a reply keeps no trace", async () => {
  await using app = await startTestApp({ beside: untraced })
  await ask(app, ann, await createRoom(app, ann), "untraced")
  const sql = "SELECT traceparent FROM messages WHERE role = 'model' ORDER BY created_at DESC LIMIT 1"
  expect(await untraced.query(sql)).toEqual([{ traceparent: null }])
})
