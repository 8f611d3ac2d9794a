import { describe, expect, test } from "vitest"
import { times } from "../helpers/answers.ts"
import { type SignedIn, signIn } from "../helpers/app.ts"
import { ask, cancel, createRoom, finalReply, makePro, send } from "../helpers/chat.ts"
import { nextMidnight, setAppNow, setNoon } from "../helpers/clock.ts"
import { useTestApp } from "../helpers/use-app.ts"

const LIMIT = { basic: 3, pro: 5 }
const NO_TOOLS = "gemma-4-house-blend"

const app = useTestApp({
  config: {
    plans: {
      basicDailyPrompts: 1_000,
      basicDailyTools: { webSearch: LIMIT.basic, urlContext: 1 },
      proDailyTools: { webSearch: LIMIT.pro, urlContext: 0 },
    },
    gemini: {
      models: ["gemini-3.8-flash", NO_TOOLS].map((name) => ({ name, tier: "basic" as const })),
    },
  },
  timing: { replies: { firstRetryMs: 100 } },
})

async function searcher({ pro = false, ...settings }: { pro?: boolean; urlContext?: boolean } = {}) {
  await setNoon(app.pool)
  const user = await signIn(app)
  if (pro) await makePro(app, user)
  return { user, room: await createRoom(app, user, { webSearch: true, ...settings }) }
}

const usageOf = async (user: SignedIn) => (await user.http.get("/subscription/status")).body.usage

const codesOf = (reply: { notices: { code: string }[] }) => reply.notices.map(({ code }) => code)

const countsOf = async (user: SignedIn) =>
  (
    await app.query(
      "SELECT day::text, web_searches, url_contexts FROM usage_counters WHERE user_id = $1 ORDER BY day",
      user.user.id,
    )
  ).map(({ web_searches, url_contexts }) => [web_searches, url_contexts])

describe("a day's web searches", () => {
  test.each([
    ["Basic", false, LIMIT.basic],
    ["Pro", true, LIMIT.pro],
  ])(
    "of %s are as many as its limit; further replies are made without, and say so",
    async (_, pro, limit) => {
      const { user, room } = await searcher({ pro })
      const replies = []
      for (let n = 0; n <= limit; n++) replies.push(await ask(app, user, room, `search ${n} ${user.user.id}`))
      expect(replies.map(({ status }) => status)).toEqual(replies.map(() => "completed"))
      expect(replies.map(({ searchQueries }) => searchQueries.length)).toEqual([...Array(limit).fill(1), 0])
      expect(replies.map(codesOf)).toEqual([...Array(limit).fill([]), ["web_search_limit"]])
      expect(replies.at(-1)?.notices[0].message).toMatch(/web search.*today/)
      const calls = app.gemini.calls().filter(({ prompt }) => prompt.includes(user.user.id))
      expect(calls.map(({ request }) => request?.tools?.length ?? 0)).toEqual([...Array(limit).fill(1), 0])
      expect((await usageOf(user)).webSearch).toEqual({ used: limit, limit, remaining: 0 })
      expect((await usageOf(user)).used).toBe(limit + 1)
    },
  )

  test("are exact when many replies want the last ones at once", async () => {
    const { user } = await searcher()
    const rooms = await times(12, () => createRoom(app, user, { webSearch: true, urlContext: true }))
    const prompt = (n: number) => `[[gemini: delay=5]] at once ${n}: https://a.example/`
    const replies = await Promise.all(rooms.map((room, n) => ask(app, user, room, prompt(n))))
    expect(replies.filter(({ searchQueries }) => searchQueries.length > 0)).toHaveLength(LIMIT.basic)
    expect(replies.filter((reply) => codesOf(reply).includes("web_search_limit"))).toHaveLength(9)
    expect(replies.filter((reply) => codesOf(reply).includes("url_context_limit"))).toHaveLength(11)
    expect(await countsOf(user)).toEqual([[LIMIT.basic, 1]])
  })

  test("are only those of replies that searched", async () => {
    const { user, room } = await searcher({ urlContext: true })
    for (let n = 0; n < LIMIT.basic + 2; n++) {
      const reply = await ask(app, user, room, "[[gemini: searches=0]] two and two")
      expect(reply).toMatchObject({ searchQueries: [], notices: [] })
    }
    expect(await countsOf(user)).toEqual([[0, 0]])
    expect((await ask(app, user, room, "now search")).searchQueries).toHaveLength(1)
    expect(await countsOf(user)).toEqual([[1, 0]])
  })

  test("count a reply once, whatever its attempts, and not one that fails for the provider's reasons", async () => {
    const { user, room } = await searcher()
    const reply = await ask(app, user, room, "[[gemini: cut after=3 times=1]] twice")
    expect(reply).toMatchObject({ status: "completed", notices: [] })
    expect(await countsOf(user)).toEqual([[1, 0]])
    expect((await ask(app, user, room, "[[gemini: cut after=3]] thrice")).status).toBe("failed")
    expect((await ask(app, user, room, "[[gemini: forbidden]] never")).status).toBe("failed")
    expect(await countsOf(user)).toEqual([[1, 0]])
    expect((await ask(app, user, room, "[[gemini: safety after=4]] by the prompt")).status).toBe("failed")
    expect(await countsOf(user)).toEqual([[2, 0]])
  })

  test("count a reply that its user cuts off, but not one that never began", async () => {
    const { user, room } = await searcher()
    const first = (await send(app, user, room, "[[gemini: stall after=2]] cut off")).body.reply
    const second = (await send(app, user, room, "never begun")).body.reply
    await expect
      .poll(() => app.gemini.calls().find(({ prompt }) => prompt.includes("cut off"))?.chunksSent)
      .toBe(2)
    await cancel(user, second)
    await cancel(user, first)
    await finalReply(app, user, second)
    expect(await countsOf(user)).toEqual([[1, 0]])
  })

  test("begin anew with the day, and are given back to the day that paid", async () => {
    const { user, room } = await searcher()
    for (let n = 0; n < LIMIT.basic - 1; n++) await ask(app, user, room, `day one ${n}`)
    const night = (await send(app, user, room, "[[gemini: delay=150 searches=0]] over night")).body.reply
    await expect.poll(() => countsOf(user)).toEqual([[LIMIT.basic, 0]])
    await setAppNow(app.pool, nextMidnight())
    await finalReply(app, user, night)
    expect(await countsOf(user)).toEqual([[LIMIT.basic - 1, 0]])
    expect((await ask(app, user, room, "day two")).searchQueries).toHaveLength(1)
    expect(await countsOf(user)).toEqual([
      [LIMIT.basic - 1, 0],
      [1, 0],
    ])
  })

  test("stay with the number when its account is deleted and made again", async () => {
    const { user, room } = await searcher()
    for (let n = 0; n < LIMIT.basic; n++) await ask(app, user, room, `before ${n}`)
    expect((await user.http.delete("/user/me")).status).toBe(202)
    const again = await signIn(app, { mobileNumber: user.mobileNumber })
    expect(
      codesOf(await ask(app, again, await createRoom(app, again, { webSearch: true }), "after")),
    ).toEqual(["web_search_limit"])
  })
})

describe("a day's pages", () => {
  test("may be none", async () => {
    const { user, room } = await searcher({ pro: true, urlContext: true })
    const reply = await ask(app, user, room, "read https://a.example/")
    expect(codesOf(reply)).toEqual(["url_context_limit"])
    expect(reply.citations.some(({ uri }: { uri: string }) => uri === "https://a.example/")).toBe(false)
    expect(await usageOf(user)).toMatchObject({ urlContext: { used: 0, limit: 0, remaining: 0 } })
  })
})

test("a model that lacks what was asked for costs nothing, and says so", async () => {
  const { user } = await searcher()
  const settings = { model: NO_TOOLS, webSearch: true, urlContext: true, thinking: "high" }
  const reply = await ask(app, user, await createRoom(app, user, settings), "read https://a.example/")
  expect(codesOf(reply)).toEqual([
    "web_search_unsupported",
    "url_context_unsupported",
    "thinking_unsupported",
  ])
  expect(reply).toMatchObject({ status: "completed", model: NO_TOOLS })
  expect(await countsOf(user)).toEqual([[0, 0]])
})
