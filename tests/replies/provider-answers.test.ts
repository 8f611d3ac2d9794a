import { expect, test } from "vitest"
import { collect, joinDeltas } from "../../tools/lib/http.ts"
import { signIn } from "../helpers/app.ts"
import { createRoom, finalReply, promptsUsed, send } from "../helpers/chat.ts"
import { useTestApp } from "../helpers/use-app.ts"
import type { Sent } from "./provider-answer-kit.ts"
import { ANSWERS } from "./provider-answers.ts"

/** Each case has a model of its own, so that none waits for a circuit that the others have opened. */
const modelOf = (n: number) => `gemini-answer-${n}`

const app = useTestApp({
  config: {
    gemini: {
      idleTimeoutMs: 20_000,
      settleMs: 1_000,
      models: ANSWERS.map((_, n) => ({ name: modelOf(n), tier: "basic" as const })),
    },
  },
  timing: { replies: { firstRetryMs: 50 } },
})

const toReplay = ({ body, status, contentType, ending, sizes }: Sent) => ({
  body: Buffer.from(body),
  ...(status ? { status } : {}),
  ...(contentType ? { contentType } : {}),
  ...(ending ? { ending } : {}),
  ...(sizes ? { sizes } : {}),
})

const CASES = ANSWERS.map((answer, n) => ({ ...answer, model: modelOf(n) }))

test.concurrent.each(CASES)("$name", async ({ name, model, calls, expected }) => {
  const user = await signIn(app)
  const room = await createRoom(app, user, { model })
  const prompt = `${name} ${room.id}`
  for (const [n, call] of calls.entries())
    app.gemini.replay({ ...toReplay(call), text: room.id, calls: n === calls.length - 1 ? 9 : 1 })
  const { body } = await send(app, user, room, prompt)
  const stream = user.http.events(`/chatroom/${room.id}/message/${body.reply.id}/stream`)
  const [streamed, reply] = await Promise.all([collect(stream), finalReply(app, user, body.reply)])
  const asked = app.gemini.calls().filter((call) => call.prompt.includes(room.id))
  expect({
    status: reply.status,
    code: reply.error?.code,
    calls: asked.length,
    used: await promptsUsed(app, user),
  }).toEqual({
    status: expected.status,
    code: expected.code,
    calls: expected.calls,
    used: expected.used,
  })
  if (expected.content !== undefined) expect(reply.content).toBe(expected.content)
  expect(joinDeltas(streamed)).toBe(reply.content)
  if (expected.finishReason) expect(reply.finishReason).toBe(expected.finishReason)
  if (expected.message) expect(reply.error.message).toMatch(expected.message)
  if (expected.never) expect(reply.error.message).not.toMatch(expected.never)
  if (expected.usage) expect(reply.usage).toMatchObject(expected.usage)
  if (expected.citations) expect(reply.citations).toEqual(expected.citations)
  if (expected.searchQueries) expect(reply.searchQueries).toEqual(expected.searchQueries)
  expect(JSON.stringify(reply)).not.toContain("<script")
  if (expected.logged) expect(app.logs().includes(expected.logged), expected.logged).toBe(true)
  if (expected.withinMs)
    expect(Date.parse(reply.completedAt) - (asked[0]?.startedAt ?? 0)).toBeLessThan(expected.withinMs)
})
