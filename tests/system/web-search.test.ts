import type { Page } from "playwright-core"
import { describe, expect, test } from "vitest"
import { ask, createRoom } from "../helpers/chat.ts"
import { addRoom } from "../helpers/rooms.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"
import { chromium, reads, STILL, say, useWeb } from "./web-kit.ts"

describe.skipIf(chromium === null)("finding a message in the web client (Chromium is on the PATH)", () => {
  const app = useTestApp()
  const user = useUser(app, { pro: true })
  const web = useWeb(app)

  /** Searches as a person does, and goes to the first thing found. */
  async function visit(page: Page, words: string) {
    await expect.poll(async () => (await user.http.get(`/search?q=${words}`)).body.length).toBeGreaterThan(0)
    await page.keyboard.press("Control+k")
    await page.locator("dialog[open] input").waitFor()
    await page.keyboard.type(words)
    await page.locator(".found mark").first().waitFor()
    // This one chooses a word of an input method.
    await page.locator("dialog[open] input").dispatchEvent("keydown", { key: "Enter", isComposing: true })
    expect(await page.locator("dialog[open]").count()).toBe(1)
    await page.keyboard.press("Enter")
  }
  const focused = (page: Page) => page.locator("article:focus").innerText()
  /** Whether what has the focus is where a person sees it. */
  const isSeen = (page: Page) =>
    page.evaluate(`{
      const box = document.activeElement.getBoundingClientRect()
      box.top >= 0 && box.bottom <= innerHeight
    }`)

  const markedIn = (page: Page) =>
    page.evaluate<string[]>("[...(CSS.highlights.get('found') ?? [])].map(String)")

  test("a message far up is shown with those around it, marked, and the way on leads to the newest", async () => {
    const room = await addRoom(app, user.user.id, 300)
    const [target] = await app.query(
      "UPDATE messages SET content = 'a quokka smiles' WHERE chatroom_id = $1 AND content = 'hello 100' RETURNING id",
      room,
    )
    const page = await (await web.open(user)).tab()
    await page.getByLabel("Message", { exact: true }).waitFor()
    await visit(page, "quokka")
    await expect.poll(() => focused(page)).toContain("a quokka smiles")
    expect(await isSeen(page)).toBe(true)
    expect(await markedIn(page)).toEqual(["quokka"])
    expect(await page.locator("article").count()).toBeLessThanOrEqual(150)
    expect(target).toBeDefined()

    // Older and newer ones come from here on.
    await page.locator(".scroll").hover()
    const scrollTo = async (text: string, by: number) => {
      await expect
        .poll(async () => {
          await page.mouse.wheel(0, by)
          return page.locator("article").filter({ hasText: text }).count()
        })
        .toBe(1)
    }
    await scrollTo("hello 40", -3_000)
    await scrollTo("hello 190", 3_000)
    await page.getByRole("button", { name: "Jump to newest" }).click()
    await reads(page, "article", "hello 299")
    await say(page, '[[gemini: echo="at the end"]]')
    await reads(page, ".reply .prose", "at the end")
  })

  test("it is in the middle, also when what is above it gets another height", async () => {
    const room = await addRoom(app, user.user.id, 40, "Some text:\n\n- one\n- two\n\nhello")
    await app.query(
      "UPDATE messages SET content = 'a dugong dives' WHERE chatroom_id = $1 AND position = 10",
      room,
    )
    const window = await web.open(user)
    // As a message that was out of sight does.
    await window.context.addInitScript(`addEventListener("focusin", ({ target }) => {
      if (!target.matches("article")) return
      requestAnimationFrame(() => { target.previousElementSibling.style.minBlockSize = "900px" })
    })`)
    const page = await window.tab()
    await page.getByLabel("Message", { exact: true }).waitFor()
    await visit(page, "dugong")
    await expect.poll(() => focused(page)).toContain("a dugong dives")
    await page.evaluate(STILL)
    const fromMiddle = await page.evaluate<number>(`{
      const middleOf = (one) => { const { top, bottom } = one.getBoundingClientRect(); return (top + bottom) / 2 }
      middleOf(document.activeElement) - middleOf(document.querySelector(".scroll"))
    }`)
    expect(Math.abs(fromMiddle)).toBeLessThan(50)

    // A click in the conversation, and its keys scroll.
    const top = () => page.locator(".scroll").evaluate((one) => one.scrollTop)
    const before = await top()
    await page.locator(".scroll").click({ position: { x: 5, y: 100 } })
    await page.keyboard.press("PageUp")
    await expect.poll(top).toBeLessThan(before - 200)
  })

  test("what another device says while the way to the newest is loaded is at its end", async () => {
    const room = await addRoom(app, user.user.id, 100)
    await app.query(
      "UPDATE messages SET content = 'a bilby digs' WHERE chatroom_id = $1 AND content = 'hello 20'",
      room,
    )
    const page = await (await web.open(user)).tab()
    await page.getByLabel("Message", { exact: true }).waitFor()
    let isSaid = false
    await page.route(`**/chatroom/${room}?*messageId=*`, async (route) => {
      const response = await route.fetch()
      if ((await response.text()).includes("hello 99") && !isSaid) {
        isSaid = true
        await ask(app, user, { id: room }, "said elsewhere")
        await user.http.patch(`/chatroom/${room}`, { name: "Told of" })
        await reads(page, ".top-bar", "Told of")
      }
      await route.fulfill({ response })
    })
    await visit(page, "bilby")
    await expect.poll(() => focused(page)).toContain("a bilby digs")
    await page.locator(".scroll").hover()
    await expect
      .poll(async () => {
        await page.mouse.wheel(0, 3_000)
        return page.locator("article.prompt").filter({ hasText: "said elsewhere" }).count()
      })
      .toBe(1)
    expect(isSaid).toBe(true)
  })

  test("a message of another version shows that version", async () => {
    const room = await createRoom(app, user, { name: "Two ways" })
    const reply = await ask(app, user, room, "where does the wombat sleep?")
    await ask(app, user, room, "another question", { parentId: null })
    const page = await (await web.open(user)).tab(`/app/chat/${room.id}`)
    await reads(page, ".said", "another question")
    await visit(page, "wombat")
    await expect.poll(() => focused(page)).toContain("where does the wombat sleep?")
    await reads(page, ".prompt .versions", "1/2")
    expect(await page.locator(".reply").count()).toBe(1)
    expect((await user.http.get(`/chatroom/${room.id}`)).body.headId).toBe(reply.id)
    await reads(page, ".toast", "another version")
    await page.getByRole("button", { name: "Back", exact: true }).click()
    await reads(page, ".said", "another question")
    expect(await markedIn(page)).toEqual([])
  })

  test("a message that has gone meanwhile is told", async () => {
    const room = await createRoom(app, user, { name: "Soon shorter" })
    await ask(app, user, room, "first")
    const reply = await ask(app, user, room, "the numbat is gone")
    const page = await (await web.open(user)).tab()
    await page.getByLabel("Message", { exact: true }).waitFor()
    web.expectProblem(/ 40[04] /)
    let isFirst = true
    // Between the search and the visit.
    await page.route(`**/chatroom/${room.id}?*`, async (route) => {
      if (isFirst) await user.http.delete(`/chatroom/${room.id}/message/${reply.parentId}`)
      isFirst = false
      await route.continue()
    })
    await visit(page, "numbat")
    await reads(page, ".toast", "That message isn't there any more.")
  })
})
