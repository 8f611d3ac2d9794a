import { describe, expect, test } from "vitest"
import { MODEL, useGemini, user } from "./gemini-kit.ts"

const { simulator, models } = await useGemini()

const TITLE = "Write a title for a conversation."
const SUMMARY = "Write a summary of a conversation."

/** What a call for a task gets, and how many tokens were cached. */
async function asked(systemInstruction: string, data: unknown) {
  const contents = [user(JSON.stringify(data))]
  const { text } = await models.generateContent({ model: MODEL, contents, config: { systemInstruction } })
  return text
}

describe("titles", () => {
  test.each([
    ["How do I bake bread without yeast, and why?", "How do I bake bread"],
    ["hola, ¿qué tal?", "Hola, qué tal"],
    ["日本の首都はどこですか", "日本の首都はどこですか"],
    ["[[gemini: words=3]] ok", "Ok"],
    ["?!", "Untitled"],
  ])("of %j are made of its words", async (prompt, title) => {
    expect(await asked(TITLE, { prompt, reply: "…" })).toBe(title)
    expect(simulator.calls()).toMatchObject([{ purpose: "title" }])
  })

  test("fail where their own directive says so, and not where that of a reply does", async () => {
    await expect(asked(TITLE, { prompt: "[[gemini-title: unavailable]] x", reply: "" })).rejects.toThrow(
      "503",
    )
    expect(await asked(TITLE, { prompt: "[[gemini: unavailable]] fine", reply: "" })).toBe("Fine")
    const reply = await models.generateContent({
      model: MODEL,
      contents: [user("[[gemini-title: internal]] hello")],
    })
    expect(reply.text).toContain("You wrote: “hello”")
  })

  test("fail by script, which says what it is for", async () => {
    simulator.script({ directive: "internal", purpose: "title" }, { directive: "unavailable" })
    await expect(asked(TITLE, { prompt: "x", reply: "" })).rejects.toThrow("500")
    await expect(models.generateContent({ model: MODEL, contents: [user("x")] })).rejects.toThrow("503")
  })
})

test("summaries are made of the one before and the turns", async () => {
  const turns = [
    { role: "user", text: "My cat is called Mia [[gemini: cut]]" },
    { role: "model", text: "A nice name." },
  ]
  const first = await asked(SUMMARY, { summary: null, turns })
  expect(first).toBe("- user: My cat is called Mia\n- model: A nice name.")
  const second = await asked(SUMMARY, { summary: first, turns: [{ role: "user", text: "She is two." }] })
  expect(second).toBe(`${first}\n- user: She is two.`)
  expect(simulator.calls().map(({ purpose }) => purpose)).toEqual(["summary", "summary"])
})

test.each([
  ["another instruction", "Be brief.", JSON.stringify({ prompt: "x", reply: "y" })],
  ["another prompt", TITLE, "Write a title for a conversation."],
  ["other data", SUMMARY, JSON.stringify({ turns: [] })],
])("%s asks for a reply", async (_, systemInstruction, prompt) => {
  await models.generateContent({ model: MODEL, contents: [user(prompt)], config: { systemInstruction } })
  expect(simulator.calls()).toMatchObject([{ purpose: "reply" }])
})

describe("cached tokens", () => {
  const long = (name: string, tokens: number) => name.padEnd(tokens * 4, ".")
  async function cachedOf(contents: ReturnType<typeof user>[], model = MODEL) {
    const { usageMetadata } = await models.generateContent({ model, contents })
    const { cachedContentTokenCount = 0, promptTokenCount = 0, cacheTokensDetails } = usageMetadata ?? {}
    expect(cachedContentTokenCount).toBeLessThanOrEqual(promptTokenCount)
    expect(cacheTokensDetails?.[0]?.tokenCount ?? 0).toBe(cachedContentTokenCount)
    return cachedContentTokenCount
  }
  const model = (text: string) => ({ role: "model", parts: [{ text }] })

  test("are those of the longest beginning that an earlier request had", async () => {
    const first = [user(long("first", 5_000))]
    expect(await cachedOf(first)).toBe(0)
    expect(await cachedOf([...first, model(long("reply", 100)), user("next")])).toBe(5_000)
    expect(await cachedOf([...first, model(long("reply", 100)), user("other")])).toBe(5_100)
    expect(await cachedOf([user(long("elsewhere", 5_000)), model(long("reply", 100)), user("next")])).toBe(0)
  })

  test("are at least 4,096, or 2,048 for Gemini 2.5, and each model's own", async () => {
    const short = [user(long("short", 3_000))]
    for (const name of [MODEL, "gemini-2.5-flash"]) expect(await cachedOf(short, name)).toBe(0)
    expect(await cachedOf([...short, model("a"), user("b")])).toBe(0)
    expect(await cachedOf([...short, model("a"), user("b")], "gemini-2.5-flash")).toBe(3_000)
  })

  test("depend on the instruction, and are forgotten with the rest", async () => {
    const contents = [user(long("again", 5_000))]
    const config = { systemInstruction: "Be brief." }
    await models.generateContent({ model: MODEL, contents, config })
    expect(await cachedOf(contents)).toBe(0)
    expect(await cachedOf(contents)).toBe(5_000)
    simulator.reset()
    expect(await cachedOf(contents)).toBe(0)
  })
})
