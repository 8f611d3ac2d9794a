import { describe, expect, test } from "vitest"
import { recordUse } from "../../src/services/usage/model-usage.ts"
import { expectProblem } from "../helpers/answers.ts"
import { newMobileNumber, type SignedIn, signIn } from "../helpers/app.ts"
import { ask, createRoom } from "../helpers/chat.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"

const MODEL = "gemini-3.8-flash"
const app = useTestApp({
  config: { gemini: { models: [MODEL, "gemini-x"].map((name) => ({ name, tier: "basic" as const })) } },
})
const ann = useUser(app, { pro: true })
const today = () => new Date().toISOString().slice(0, 10)

/** Rows of `model_usage`, a day each, the last of them `last`. */
async function fill(user: SignedIn, last: string, days: number, model = MODEL) {
  await app.query(
    `INSERT INTO model_usage (user_id, day, model, kind, prompts, calls, prompt_tokens, cost_amount)
     SELECT $1, $2::date - n, $4, 'reply', 1, 1, 10, 0.001 FROM generate_series(0, $3 - 1) AS n`,
    user.user.id,
    last,
    days,
    model,
  )
}

describe("your usage", () => {
  test("is what your replies used and cost, by day and model", async () => {
    const room = await createRoom(app, ann)
    const replies = [await ask(app, ann, room, "one"), await ask(app, ann, room, "two")]
    const unpriced = await ask(app, ann, await createRoom(app, ann, { model: "gemini-x" }), "three")
    const sum = (name: string) => replies.reduce((total, { usage }) => total + usage[name], 0)
    const { body } = await ann.http.get("/user/me/usage")
    expect(body).toEqual([
      {
        day: unpriced.completedAt.slice(0, 10),
        model: MODEL,
        prompts: 2,
        tokens: {
          prompt: sum("promptTokens"),
          cached: 0,
          output: sum("outputTokens"),
          thought: sum("thoughtTokens"),
          tool: 0,
        },
        searchQueries: 0,
        cost: { amount: expect.stringMatching(/^0\.\d+$/), currency: "USD" },
      },
      expect.objectContaining({ model: "gemini-x", prompts: 1, cost: null }),
    ])
    const total = replies.reduce((sum, { cost }) => sum + Number(cost.amount), 0)
    expect(Number(body[0].cost.amount)).toBeCloseTo(total, 12)

    expect((await ann.http.delete(`/chatroom/${room.id}`)).status).toBe(204)
    expect((await ann.http.get("/user/me/usage")).body).toEqual(body)
  })

  test("has what was used beside replies, without a prompt", async () => {
    const user = await signIn(app)
    const call = {
      model: MODEL,
      answeredBy: null,
      promptTokens: 100,
      cachedTokens: 40,
      outputTokens: 8,
      thoughtTokens: 2,
    }
    const record = (kind: "title" | "summary", userId = user.user.id) =>
      recordUse(app.pool, app.ctx.config.gemini.prices, {
        userId,
        kind,
        call: { ...call, toolTokens: null, searchQueries: 1, urlContext: false },
      })
    await Promise.all([record("title"), record("summary"), record("title")])
    expect((await user.http.get("/user/me/usage")).body).toMatchObject([
      { prompts: 0, tokens: { prompt: 300, cached: 120, output: 24, thought: 6, tool: 0 }, searchQueries: 3 },
    ])
    const kinds = "SELECT kind, calls FROM model_usage WHERE user_id = $1 ORDER BY kind"
    expect(await app.query(kinds, user.user.id)).toEqual([
      { kind: "summary", calls: 1 },
      { kind: "title", calls: 2 },
    ])
    // Of somebody who is gone nothing is recorded.
    await record("title", "01a20380-35df-77b7-a96a-565deb07f9f4")
  })

  test("is of the last 30 days, or of the days asked for, newest first", async () => {
    const user = await signIn(app)
    await fill(user, today(), 400)
    const daysOf = async (query: string) => {
      const { body } = await user.http.get(`/user/me/usage${query}`)
      return body.map(({ day }: { day: string }) => day)
    }
    const recent = await daysOf("")
    expect([recent.length, recent[0]]).toEqual([30, today()])
    expect([...recent].sort().reverse()).toEqual(recent)
    const last = recent[29]
    expect(await daysOf(`?to=${last}`)).toHaveLength(30)
    expect(await daysOf(`?from=${last}&to=${last}`)).toEqual([last])
    expect(await daysOf("?from=2001-01-01&to=2001-12-31")).toEqual([])
    const year = new Date(Date.now() - 365 * 86_400_000).toISOString().slice(0, 10)
    expect(await daysOf(`?from=${year}`)).toHaveLength(366)
  })

  test.each([
    "from=2026-02-30",
    "from=yesterday",
    "to=2026-11-1",
    "from=2026-11-02&to=2026-11-01",
    "from=2099-01-01",
    "from=2025-01-01&to=2026-01-02",
    "from=1999-12-31&to=2000-01-02",
    "to=0000-01-01",
    "day=2026-11-01",
    "from=2026-11-01&from=2026-11-02",
  ])("refuses %s", async (query) => {
    expectProblem(await ann.http.get(`/user/me/usage?${query}`), 400, "invalid_request")
  })

  test("needs a token and shows nobody else's", async () => {
    expectProblem(await app.http.get("/user/me/usage"), 401, "unauthenticated")
    const stranger = await signIn(app)
    expect((await stranger.http.get("/user/me/usage")).body).toEqual([])
  })
})

describe("the operators' totals", () => {
  test("are by model and by user, and keep what an erased account has used, without it", async () => {
    const day = "2020-02-02"
    const range = `from=${day}&to=${day}`
    const [user, leaving] = [await signIn(app), await signIn(app, { mobileNumber: newMobileNumber() })]
    await fill(user, day, 1)
    await fill(leaving, day, 1)
    await fill(leaving, day, 1, "gemini-3.1-pro-preview")
    const models = async () => (await app.admin.get(`/admin/usage?${range}`)).body
    const before = await models()
    expect(before).toMatchObject([
      { model: MODEL, kind: "reply", prompts: 2, calls: 2, unpricedCalls: 0, cost: { amount: "0.002" } },
      { model: "gemini-3.1-pro-preview", prompts: 1, cost: { amount: "0.001" } },
    ])
    const { body: users } = await app.admin.get(`/admin/usage/users?${range}`)
    expect(users).toMatchObject([
      { userId: leaving.user.id, prompts: 2, cost: { amount: "0.002", currency: "USD" } },
      { userId: user.user.id, prompts: 1, cost: { amount: "0.001" } },
    ])
    expect((await app.admin.get(`/admin/usage/users?${range}&limit=1`)).body).toHaveLength(1)
    expect((await app.admin.get("/admin/audit")).body[0]).toMatchObject({
      action: "list_user_usage",
      outcome: "ok",
    })

    expect((await leaving.http.delete("/user/me")).status).toBe(202)
    const gone = "SELECT count(*)::int AS users FROM users WHERE id = $1"
    await expect.poll(async () => (await app.query(gone, leaving.user.id))[0].users).toBe(0)
    expect(await models()).toEqual(before)
    expect((await app.admin.get(`/admin/usage/users?${range}`)).body).toMatchObject([
      { userId: user.user.id },
    ])
    const left = "SELECT count(*)::int AS rows FROM model_usage WHERE user_id = $1"
    expect((await app.query(left, leaving.user.id))[0].rows).toBe(0)
  })

  test.each(["/admin/usage", "/admin/usage/users"])(
    "%s is for operators, and checks its days",
    async (path) => {
      expectProblem(await app.http.get(path), 401, "unauthenticated")
      expectProblem(await ann.http.get(path), 401, "unauthenticated")
      expectProblem(await app.admin.get(`${path}?from=2026-13-01`), 400, "invalid_request")
    },
  )

  test("show in the metrics what each model's calls cost", async () => {
    const { body } = await app.admin.get("/metrics")
    expect(body).toMatch(/chat_cost_usd_total\{model="gemini-3.8-flash"\} 0\.0\d+/)
    expect(body).toMatch(/chat_unpriced_calls_total\{model="gemini-x"\} 1/)
  })
})

test("your export has your usage", async () => {
  const { body } = await ann.http.get("/user/me/export")
  expect(body.modelUsage).toMatchObject([
    { model: MODEL, kind: "reply", prompts: 2, calls: 2, costAmount: expect.stringMatching(/^0\.0/) },
    { model: "gemini-x", prompts: 1 },
  ])
})
