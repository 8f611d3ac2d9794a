import type { Page } from "playwright-core"
import { describe, expect, test } from "vitest"
import { signIn } from "../helpers/app.ts"
import { ask, cancel, createRoom, send } from "../helpers/chat.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"
import { expectSound } from "./sound-page.ts"
import { chromium, lastReply, reads, say, useWeb } from "./web-kit.ts"

/** A page's script that clicks on what stops a reply as soon as it is there, and notes after how many ms it can be used. */
const CLICKING_STOP = `
  let since = null
  new MutationObserver(() => {
    const stop = document.querySelector("[aria-label='Stop the reply']")
    if (stop && since === null) {
      since = performance.now()
      stop.click()
    }
    if (stop?.ariaDisabled === "false") window.usableAfter ??= performance.now() - since
  }).observe(document, { childList: true, subtree: true, attributes: true })`

describe.skipIf(chromium === null)("writing in the web client (Chromium is on the PATH)", () => {
  const app = useTestApp()
  const user = useUser(app, { pro: true })
  const web = useWeb(app)

  const field = (page: Page) => page.getByLabel("Message", { exact: true })
  const open = async (path: string) => (await web.open(user)).tab(path)
  const commands = (page: Page) => page.locator("#commands [role=option]")
  const chosen = (page: Page) => page.locator("#commands [aria-selected=true]")
  const roomOf = async ({ id }: { id: string }) => (await user.http.get(`/chatroom/${id}`)).body
  const waiting = (page: Page) => page.locator(".pending").filter({ hasText: "In line" })

  /** A room whose reply stands still. */
  async function openBusy() {
    const room = await createRoom(app, user)
    const page = await open(`/app/chat/${room.id}`)
    await say(page, "[[gemini: stall after=2]]")
    await lastReply(page).locator(".prose").waitFor()
    return { room, page }
  }

  test("a prompt that waits is changed in its place, and removed without a trace", async () => {
    const { room, page } = await openBusy()
    await say(page, "a misprimt")
    await waiting(page).getByRole("button", { name: "Edit" }).click()
    await page.getByLabel("Edit your message").fill("a prompt")
    await page.getByLabel("Edit your message").press("Enter")
    await reads(page, ".prompt .said", /^a prompt$/)
    const { messages } = await roomOf(room)
    expect(messages.map(({ content }: { content: string }) => content)).toContain("a prompt")
    expect(await page.locator(".versions").count()).toBe(0)
    await waiting(page).getByRole("button", { name: "Remove" }).click()
    await expect.poll(() => page.locator(".prompt").count()).toBe(1)
    await expect.poll(async () => (await roomOf(room)).messages.length).toBe(2)
  })

  test("a prompt that waits is answered now: what was being made stops, and keeps its text", async () => {
    const { page } = await openBusy()
    await say(page, "answer me now")
    await waiting(page).getByRole("button", { name: "Answer now" }).click()
    await page.getByLabel("Another reply").nth(1).waitFor()
    await reads(page, ".outcome", "Stopped.")
    expect(await page.locator(".reply .prose").first().innerText()).not.toBe("")
    expect(await lastReply(page).innerText()).toContain("answer me now")
  })

  test("Ctrl+Enter sends and stops what is being made", async () => {
    const { page } = await openBusy()
    await field(page).fill("no, this")
    await field(page).press("Control+Enter")
    await page.getByLabel("Another reply").nth(1).waitFor()
    await reads(page, ".outcome", "Stopped.")
    expect(await lastReply(page).innerText()).toContain("no, this")
  })

  test("a double click on what sends doesn't stop the reply", async () => {
    const page = await open(`/app/chat/${(await createRoom(app, user)).id}`)
    await field(page).waitFor()
    await page.evaluate(CLICKING_STOP)
    await say(page, '[[gemini: stall after=1 echo="to its end"]]')
    await expect.poll(() => page.evaluate("window.usableAfter")).toBeGreaterThan(400)
    app.gemini.release()
    await page.getByLabel("Another reply").waitFor()
    expect(await page.locator(".outcome").count()).toBe(0)
  })

  test("a prompt that began while it was edited is offered as a version", async () => {
    const { room, page } = await openBusy()
    const first = (await roomOf(room)).messages.at(-1)
    await say(page, "[[gemini: stall after=2 times=1]] begins meanwhile")
    await waiting(page).getByRole("button", { name: "Edit" }).click()
    await page.getByLabel("Edit your message").fill("too late")
    // The page isn't told before it asks.
    await page.route("**/message/**", async (route) => {
      if (route.request().method() !== "PATCH") return route.continue()
      await cancel(user, first)
      const reply = (await roomOf(room)).messages.at(-1)
      await expect
        .poll(async () => (await user.http.get(`/chatroom/${room.id}/message/${reply.id}`)).body.status)
        .toBe("running")
      await route.continue()
    })
    web.expectProblem(/ 409 /)
    await page.getByLabel("Edit your message").press("Enter")
    await page.locator(".toast").getByRole("button", { name: "Send as a new version" }).click()
    await reads(page, ".prompt .said", "too late")
    await reads(page, ".prompt .versions", "2/2")
  })

  test("/ opens the settings, which are led by keys and kept by the room", async () => {
    const room = await createRoom(app, user)
    const page = await open(`/app/chat/${room.id}`)
    await field(page).press("/")
    await reads(page, ".commands", "Thinking")
    await expectSound(page)
    await field(page).pressSequentially("thin")
    await expect.poll(() => commands(page).count()).toBe(1)
    await field(page).press("Enter")
    await reads(page, ".commands-title", "Thinking")
    await expect.poll(() => chosen(page).innerText()).toContain("As the model chooses")
    expect(await field(page).getAttribute("aria-activedescendant")).toBe(
      await chosen(page).getAttribute("id"),
    )
    await field(page).press("ArrowUp")
    await expect.poll(() => chosen(page).innerText()).toContain("Long")
    await field(page).press("Enter")
    await reads(page, ".settings-line", "Thinking: Long")
    expect(await field(page).inputValue()).toBe("")
    expect((await roomOf(room)).thinking).toBe("high")

    await page.getByRole("button", { name: "Settings of the conversation" }).click()
    await commands(page).filter({ hasText: "Search the web" }).click()
    await reads(page, ".settings-line", "Search the web")
    await expect.poll(async () => (await roomOf(room)).webSearch).toBe(true)
    await field(page).press("/")
    await page.locator(".commands").waitFor()
    await field(page).press("Escape")
    await expect.poll(() => page.locator(".commands").count()).toBe(0)
    // What is no command is a message.
    await field(page).fill("/etc/hosts is a file")
    await field(page).press("Enter")
    await reads(page, ".prompt .said", "/etc/hosts is a file")
  })

  test("a message in which there is nothing to see can't be sent", async () => {
    const page = await open("/app")
    const isEnabled = () => page.getByLabel("Send", { exact: true }).isEnabled()
    for (const text of ["", " \n", "\u200b\u200b", "\u2060 \ufeff\u00ad", "\u2800"]) {
      await field(page).fill(`a${text}`)
      await expect.poll(isEnabled).toBe(true)
      await field(page).fill(text)
      await expect.poll(isEnabled).toBe(false)
      await field(page).press("Enter")
    }
    await field(page).fill("seen")
    await field(page).press("Enter")
    await reads(page, ".reply .prose", /./)
    expect(await page.locator(".said").allTextContents()).toEqual(["seen"])
  })

  test("what is chosen before the first message is how its room is made", async () => {
    const page = await open("/app")
    await field(page).fill("/temp")
    await field(page).fill("/")
    await field(page).pressSequentially("temp")
    await field(page).press("Enter")
    await reads(page, ".settings-line", "Temporary")
    await say(page, "gone tomorrow")
    await page.waitForURL(/\/app\/chat\/[\w-]+$/)
    const id = page.url().split("/").at(-1) as string
    expect((await roomOf({ id })).temporary).toBe(true)
    await reads(page, ".settings-line", "Temporary")
  })

  test("dictation goes behind what is written, as it is corrected, and ends with the message", async () => {
    const room = await createRoom(app, user)
    const window = await web.open(user)
    await window.context.addInitScript(RECOGNIZER)
    const page = await window.tab(`/app/chat/${room.id}`)
    await field(page).fill("Dear")
    await page.getByRole("button", { name: "Dictate" }).click()
    await page.getByRole("button", { name: "Stop dictating" }).waitFor()
    await page.evaluate("recognizer.hear('wold')")
    await expect.poll(() => field(page).inputValue()).toBe("Dear wold")
    await page.evaluate("recognizer.hear('world')")
    await expect.poll(() => field(page).inputValue()).toBe("Dear world")
    expect(await page.getByRole("button", { name: "Stop dictating" }).getAttribute("aria-pressed")).toBe(
      "true",
    )
    await field(page).press("Enter")
    await reads(page, ".prompt .said", "Dear world")
    await page.getByRole("button", { name: "Dictate" }).waitFor()
    expect(await page.evaluate("recognizer.aborted")).toBe(true)
    await page.getByRole("button", { name: "Dictate" }).click()
    await page.getByRole("button", { name: "Stop dictating" }).waitFor()
    await page.evaluate("recognizer.fail('not-allowed')")
    await reads(page, ".toast", "Allow it in the settings of this page.")
    await page.getByRole("button", { name: "Dictate" }).waitFor()
  })

  test("a browser without dictation shows no button for it", async () => {
    const window = await web.open(user)
    await window.context.addInitScript(
      "delete window.webkitSpeechRecognition; delete window.SpeechRecognition",
    )
    const page = await window.tab()
    await field(page).waitFor()
    expect(await page.getByRole("button", { name: "Dictate" }).count()).toBe(0)
  })

  test("Enter that chooses a word of an input method sends nothing", async () => {
    const room = await createRoom(app, user)
    const page = await open(`/app/chat/${room.id}`)
    await field(page).fill("日本")
    for (const composing of [{ isComposing: true }, { keyCode: 229 }])
      await field(page).dispatchEvent("keydown", { key: "Enter", ...composing })
    // Had it been sent, what follows would be a message of its own.
    await field(page).press("End")
    await page.keyboard.insertText("語")
    await field(page).press("Enter")
    await reads(page, ".prompt .said", "語")
    expect(await page.locator(".prompt .said").allInnerTexts()).toEqual(["日本語"])
  })

  test("on a telephone Enter makes a line in a prompt that is edited, too", async () => {
    const room = await createRoom(app, user)
    await ask(app, user, room, "a line")
    const telephone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }
    const page = await (await web.open(user, telephone)).tab(`/app/chat/${room.id}`)
    await page.getByLabel("Edit", { exact: true }).click()
    const edited = page.getByLabel("Edit your message")
    await edited.press("Enter")
    await edited.pressSequentially("and another")
    expect(await edited.inputValue()).toBe("a line\nand another")
  })

  test("prompts that are used up come back at midnight by themselves", async () => {
    const ann = await signIn(app)
    const window = await web.open(ann)
    const { body } = await ann.http.get("/subscription/status")
    let isPast = false
    await window.context.route("**/subscription/status", (route) => {
      const usage = { used: 5, limit: 5, remaining: 0, resetsAt: new Date().toISOString() }
      return isPast ? route.continue() : route.fulfill({ json: { ...body, usage } })
    })
    const page = await window.tab()
    await page.locator(".used-up").waitFor()
    isPast = true
    await expect.poll(() => page.locator(".used-up").count()).toBe(0)
  })

  test("the page ends above a keyboard that the browser lays over it", async () => {
    const page = await open("/app")
    await field(page).waitFor()
    const height = () => page.locator(".app").evaluate((one) => one.clientHeight)
    const whole = await height()
    await page.evaluate(
      `Object.defineProperty(visualViewport, "height", { get: () => 300, configurable: true })`,
    )
    await page.evaluate(`visualViewport.dispatchEvent(new Event("resize"))`)
    await expect.poll(height).toBe(300)
    await page.evaluate(`delete visualViewport.height; visualViewport.dispatchEvent(new Event("resize"))`)
    await expect.poll(height).toBe(whole)
  })

  test("what two devices say while a reply is made is answered in the order in which it came", async () => {
    const { room, page } = await openBusy()
    const first = (await roomOf(room)).messages.at(-1)
    await say(page, "from here")
    await waiting(page).waitFor()
    await send(app, user, room, "from there")
    await expect.poll(() => waiting(page).count()).toBe(2)
    // Only the first in line can be next.
    expect(await page.getByRole("button", { name: "Answer now" }).count()).toBe(1)
    await expectSound(page)
    await cancel(user, first)
    await expect.poll(() => page.getByLabel("Another reply").count()).toBe(3)
    expect(await page.locator(".prompt .said").allInnerTexts()).toEqual([
      "[[gemini: stall after=2]]",
      "from here",
      "from there",
    ])
  })
})

/** A recognizer as browsers have it, which hears what the test says: Chromium alone has no service for it. */
const RECOGNIZER = `
  window.SpeechRecognition = window.webkitSpeechRecognition = class {
    aborted = false
    start() { window.recognizer = this }
    stop() { this.onend() }
    abort() { this.aborted = true; this.onend() }
    hear(transcript) { this.onresult({ results: [[{ transcript }]] }) }
    fail(error) { this.onerror({ error }); this.onend() }
  }`
