import type { Page } from "playwright-core"
import { describe, expect, onTestFinished, test } from "vitest"
import { ask, createRoom, send } from "../helpers/chat.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"
import { expectSound } from "./sound-page.ts"
import { chromium, lastReply, reads, say, useWeb } from "./web-kit.ts"

const MODEL = "gemini-3.8-flash"
const OTHER = "gemini-3.5-flash-lite"

describe.skipIf(chromium === null)("what can be done with a reply (Chromium is on the PATH)", () => {
  const models = [MODEL, OTHER].map((name) => ({ name, tier: "basic" as const }))
  const app = useTestApp({
    config: { gemini: { models } },
    timing: { replies: { estimateMs: 100 }, gemini: { firstCooldownMs: 60_000 } },
  })
  const user = useUser(app, { pro: true })
  const web = useWeb(app)

  const openRoom = async (room: { id: string }, options = {}) =>
    (await web.open(user, options)).tab(`/app/chat/${room.id}`)
  const menuItem = (page: Page, name: string) => page.getByRole("menuitem", { name, exact: true })

  test("a sentence leads to its source, and what was searched for is shown", async () => {
    const room = await createRoom(app, user, { webSearch: true })
    const reply = await ask(app, user, room, "Who won the race of the snails this summer?")
    expect(reply.citations.length).toBeGreaterThan(1)
    const page = await openRoom(room)
    const marks = lastReply(page).locator(".cite a")
    await marks.first().waitFor()
    const listed = lastReply(page).locator(".sources ol a")
    const hrefs = await listed.evaluateAll((all) => all.map((one) => one.getAttribute("href")))
    for (const mark of await marks.all())
      expect(await mark.getAttribute("href")).toBe(hrefs[Number(await mark.innerText()) - 1])
    expect(await marks.first().getAttribute("aria-label")).toBe("Source 1: example.com")
    const [query] = reply.searchQueries
    const search = lastReply(page).locator(".searches a")
    expect(await search.getAttribute("href")).toBe(
      `https://www.google.com/search?q=${encodeURIComponent(query)}`,
    )
    expect(await search.innerText()).toBe(query)
  })

  test("a double click asks for one more reply", async () => {
    const room = await createRoom(app, user)
    await ask(app, user, room, "once more, please")
    const page = await openRoom(room)
    const again = page.getByLabel("Another reply")
    await again.waitFor()
    let asked = 0
    const { promise: isPressed, resolve: go } = Promise.withResolvers<void>()
    await page.route("**/regenerate", async (route) => {
      asked += 1
      await isPressed
      await route.continue()
    })
    await again.dblclick()
    go()
    await reads(page, ".reply .versions", "2/2")
    await again.waitFor()
    expect(asked).toBe(1)
  })

  test("another reply comes by another model, or with more thinking, which is folded and timed", async () => {
    const room = await createRoom(app, user)
    await ask(app, user, room, "hello")
    const page = await openRoom(room)
    await page.getByLabel("More", { exact: true }).click()
    await menuItem(page, "Gemini 3.5 Flash-Lite").waitFor()
    await expectSound(page)
    await menuItem(page, "Gemini 3.5 Flash-Lite").click()
    await reads(page, ".reply .versions", "2/2")
    await reads(page, ".reply .facts", OTHER)
    // Its text comes as long after the release as is told of.
    app.gemini.script('stall after=1 thoughts=1 delay=1100 chunks=1 echo="so"')
    const { promise: isThinking, resolve: answer } = Promise.withResolvers<void>()
    await page.route("**/regenerate", async (route) => {
      const response = await route.fetch()
      await isThinking
      await route.fulfill({ response })
    })
    const isAnswered = page.waitForResponse("**/regenerate")
    await page.getByLabel("More", { exact: true }).click()
    await menuItem(page, "Thinking: Long").click()
    // The stream may be faster than the answer.
    await reads(page, ".thoughts summary", "Thinking …")
    answer()
    await (await isAnswered).finished()
    app.gemini.release()
    await reads(page, ".thoughts summary", /^Thought for \d+ seconds?$/)
    await reads(page, ".reply .versions", "3/3")
    expect(await page.locator(".thoughts .prose").isVisible()).toBe(false)
    await page.locator(".thoughts summary").click()
    expect(await page.locator(".thoughts .prose").isVisible()).toBe(true)
    // Whoever comes later wasn't there.
    await page.reload()
    await reads(page, ".thoughts summary", /^Thoughts$/)
  })

  test("a reply that waits says for how long", async () => {
    // So many in a row, and the model rests.
    for (let failures = 0; failures < 5; failures += 1) app.ctx.circuitBreaker.failed(MODEL, 60_000)
    onTestFinished(() => app.ctx.circuitBreaker.succeeded(MODEL))
    const room = await createRoom(app, user)
    const page = await openRoom(room)
    await say(page, "when you can")
    // The service may learn of it only now, and the page asks again.
    await reads(page, ".pending", /Waiting for its turn, about \d+ seconds/)
  })

  test("a reply that is queued again after it was begun says so, too", async () => {
    for (let failures = 0; failures < 5; failures += 1) app.ctx.circuitBreaker.failed(MODEL, 60_000)
    onTestFinished(() => app.ctx.circuitBreaker.succeeded(MODEL))
    const room = await createRoom(app, user)
    await send(app, user, room, "when you can")
    const window = await web.open(user)
    // The page reads the room while a worker has the reply.
    await window.context.route(`**/chatroom/${room.id}?*`, async (route) => {
      const response = await route.fetch()
      await route.fulfill({ response, body: (await response.text()).replace('"queued"', '"running"') })
    })
    const page = await window.tab(`/app/chat/${room.id}`)
    await reads(page, ".pending", /Waiting for its turn, about \d+ seconds/)
  })

  test("model, tokens, cost and time of a reply are shown", async () => {
    const room = await createRoom(app, user)
    const reply = await ask(app, user, room, "how much is it?")
    const window = await web.open(user)
    // Its pages are never quiet.
    await window.context.addInitScript("requestIdleCallback = () => 0")
    const page = await window.tab(`/app/chat/${room.id}`)
    expect(await lastReply(page).locator(".facts").textContent()).toBe(MODEL)
    await lastReply(page).hover()
    await reads(page, ".reply .facts", "tokens")
    const cost = new Intl.NumberFormat("en-US", {
      style: "currency",
      currency: reply.cost.currency,
      maximumSignificantDigits: 2,
    }).format(Number(reply.cost.amount))
    const facts = (await lastReply(page).locator(".facts").innerText()).split(" · ")
    expect(facts.slice(0, 3)).toEqual([MODEL, `${reply.usage.totalTokens} tokens`, cost])
    expect(facts[3]).toMatch(/^\d{1,2}:\d\d/)
    const focused = await window.tab(`/app/chat/${room.id}`)
    await lastReply(focused).getByRole("button").first().focus()
    await reads(focused, ".reply .facts", "tokens")
    // Screen readers, which have no pointer, get them soon, too.
    await reads(await openRoom(room), ".reply .facts", "tokens")
  })

  test("a reply is rated, with a reason for those who want to give one", async () => {
    const room = await createRoom(app, user)
    const reply = await ask(app, user, room, "rate me")
    const page = await openRoom(room)
    const feedback = async () =>
      (await user.http.get(`/chatroom/${room.id}/message/${reply.id}`)).body.feedback
    await page.getByLabel("Bad reply").click()
    await expect.poll(feedback).toEqual({ rating: "down", reason: null })
    await expectSound(page)
    await page.getByText("Too long", { exact: true }).click()
    await page.getByPlaceholder("Why?").fill("and off the mark")
    await page.getByPlaceholder("Why?").dispatchEvent("keydown", { key: "Escape", isComposing: true })
    await page.locator(".reason").getByRole("button", { name: "Send" }).click()
    await expect.poll(feedback).toEqual({ rating: "down", reason: "Too long; and off the mark" })
    expect(await page.locator(".reason").count()).toBe(0)
    // Another tab's choice shows here, too.
    const params = { rating: "up" }
    await user.http.put(`/chatroom/${room.id}/message/${reply.id}/feedback`, params)
    await page.locator("[aria-label='Good reply'][aria-pressed=true]").waitFor()
    await page.getByLabel("Good reply").click()
    await expect.poll(feedback).toBeNull()
  })

  test("a reply is read aloud in its language, and stops", async () => {
    const room = await createRoom(app, user)
    const reply = await ask(app, user, room, "hello")
    const text = "Das ist **ein Satz** mit `code`. Und das ist noch einer.\n\n```js\nx = 1\n```"
    await app.query("UPDATE messages SET content = $2 WHERE id = $1", reply.id, text)
    const window = await web.open(user)
    await window.context.addInitScript(VOICES)
    const page = await window.tab(`/app/chat/${room.id}`)
    await page.getByLabel("Read aloud").click()
    await page.getByLabel("Stop reading").waitFor()
    expect(await page.evaluate("said")).toEqual([
      ["Das ist ein Satz mit code.", "de-DE", "Anna"],
      ["Und das ist noch einer.", "de-DE", "Anna"],
    ])
    await page.getByLabel("Stop reading").click()
    await page.getByLabel("Read aloud").waitFor()
    expect(await page.evaluate("said")).toEqual([])
  })

  test("a browser without a voice has no button for it", async () => {
    const room = await createRoom(app, user)
    await ask(app, user, room, "hello")
    const page = await openRoom(room)
    await page.getByLabel("Another reply").waitFor()
    expect(await page.getByLabel("Read aloud").count()).toBe(0)
  })

  test("a new attempt takes the old one's place at once: no moment is empty", async () => {
    const page = await openRoom(await createRoom(app, user))
    // What closes the marks of a growing text is loaded with the first one.
    await say(page, "hello")
    await page.getByLabel("Another reply").waitFor()
    const greeting = await lastReply(page).locator(".prose").innerText()
    await page.evaluate(RECORD)
    await say(page, `[[gemini: cut after=3 times=1 delay=60]] [[gemini: vary]] a story`)
    await expect.poll(() => page.getByLabel("Another reply").count()).toBe(2)
    const all = await page.evaluate<string[]>("seen.texts")
    const texts = all.slice(all.lastIndexOf(greeting) + 1)
    const first = texts.findIndex((text) => text !== "")
    expect(texts.slice(first).every((text) => text !== "")).toBe(true)
    // The old text stands until the new one begins, which is another.
    const ends = texts.filter((text, index) => index >= first && !texts[index + 1]?.startsWith(text))
    expect(ends).toHaveLength(2)
    expect(ends[1]).toBe(await lastReply(page).locator(".prose").innerText())
  })

  test("a text that grows piece by piece never jumps back, on a desk or a telephone", async () => {
    const room = await createRoom(app, user)
    const desk = await openRoom(room, { viewport: { width: 1440, height: 900 } })
    const telephone = await openRoom(room, { viewport: { width: 390, height: 844 } })
    for (const page of [desk, telephone]) await page.evaluate(RECORD)
    const chunks = Math.ceil(GROWING.length / 5)
    const [after, echo] = [Math.floor(chunks / 2), JSON.stringify(GROWING)]
    await say(desk, `[[gemini: stall after=${after} chunks=${chunks} delay=35 echo=${echo}]]`)
    for (const page of [desk, telephone]) await reads(page, ".growing .prose", "a task")
    app.gemini.release()
    for (const page of [desk, telephone]) {
      await page.getByLabel("Another reply").waitFor({ timeout: 60_000 })
      const { heights, texts } = await page.evaluate<{ heights: number[]; texts: string[] }>("seen")
      // A reply that came all at once would show nothing.
      expect(texts.some((text) => text.includes("a task") && !text.includes("Another heading"))).toBe(true)
      const isLower = (height: number, at: number) => at > 0 && height < (heights[at - 1] as number) - 1
      const back = heights.flatMap((height, at) =>
        isLower(height, at) ? [`${heights[at - 1]} → ${height} at ${texts[at]?.slice(-80)}`] : [],
      )
      expect(back).toEqual([])
    }
  })
})

/** Two voices and one of a service, and what they were given to say. */
const VOICES = `
  globalThis.said = []
  const voices = [
    { name: "A service", lang: "de-DE", default: true, localService: false },
    { name: "Sam", lang: "en-US", default: true, localService: true },
    { name: "Anna", lang: "de-DE", default: false, localService: true },
  ]
  Object.defineProperty(globalThis, "speechSynthesis", { value: {
    getVoices: () => voices,
    addEventListener() {},
    speak: ({ text, lang, voice }) => said.push([text, lang, voice?.name]),
    cancel: () => { said.length = 0 },
  } })
  globalThis.SpeechSynthesisUtterance = class { constructor(text) { this.text = text } }
`

/** Notes text and height of the reply at every frame in which it has changed. */
const RECORD = `
  globalThis.seen = { texts: [], heights: [] }
  const look = () => {
    const reply = [...document.querySelectorAll("article.reply")].at(-1)
    const prose = reply?.querySelector(":scope > .prose")
    if (reply) {
      const text = prose?.innerText ?? ""
      const height = prose?.offsetHeight ?? 0
      if (text !== seen.texts.at(-1) || height !== seen.heights.at(-1)) {
        seen.texts.push(text)
        seen.heights.push(height)
      }
    }
    requestAnimationFrame(look)
  }
  look()
`

const GROWING = `# The heading of a text

A paragraph with **bold words that are many**, *slanted ones*, \`some code\`, ~~struck ones~~ and [a link to somewhere](https://example.com/a/long/path/that/is/never/shown?with=a&query=string), then more words after it[^1].

- A list
- with **bold** items
  - and nested ones
  - of two
- [x] a task
- [ ] another

1. One
2. Two with $a_1 + b_1$ in it

| Name | What it is | How much |
| :--- | :--- | ---: |
| First | \`code\` | 1 |
| Second | **bold** | 22 |

> A quote that goes on for a while, with *emphasis* in it.

The formula \\(\\frac{a}{b} + \\sqrt{c}\\) stands in a line, and this one doesn't:

$$
\\begin{aligned}
a &= b + c \\\\
d &= e + f
\\end{aligned}
$$

\`\`\`ts
const answer: number = 42
- not a list
\`\`\`

---

## Another heading

The last paragraph, with a price of $5 and one of $10.

[^1]: A note at the end.
`
