import type { Page } from "playwright-core"
import { describe, expect, test } from "vitest"
import { ask, createRoom } from "../helpers/chat.ts"
import { addRoom } from "../helpers/rooms.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"
import { chromium, reads, useWeb } from "./web-kit.ts"

/** Notes, frame by frame, where in the window the buttons of versions are. */
const NOTING_BUTTONS = `
  window.places = new Set()
  const look = () => {
    const [buttons] = document.querySelectorAll(".versions")
    places.add(buttons ? Math.round(buttons.getBoundingClientRect().top) : null)
    requestAnimationFrame(look)
  }
  look()`

/** The message at the top of what is scrolled, as its number. */
const AT_TOP = `(() => {
  const box = document.querySelector(".scroll").getBoundingClientRect()
  const found = document.elementsFromPoint(box.left + box.width / 2, box.top + 8)
  return found.find((one) => one.matches("p"))?.textContent.match(/\\d+$/)?.[0] ?? null
})()`

/** Waits until nothing moves or changes its height for ten frames. */
const STILL = `new Promise((then) => {
  const area = document.querySelector(".scroll")
  let before = ""
  let same = 0
  const look = () => {
    const now = [area.scrollTop, area.scrollHeight].join(" ")
    same = now === before ? same + 1 : 0
    before = now
    if (same === 10) then()
    else requestAnimationFrame(look)
  }
  look()
})`

describe.skipIf(chromium === null)("the place of a reader (Chromium is on the PATH)", () => {
  const app = useTestApp()
  const user = useUser(app, { pro: true })
  const web = useWeb(app)
  const long =
    "so many words that they take several lines on a telephone, and fewer where there is room. ".repeat(4)

  async function scrollUp(page: Page, px: number) {
    await page.locator(".scroll").hover()
    await page.mouse.wheel(0, -px)
    await page.getByRole("button", { name: "Jump to newest" }).waitFor()
    await page.evaluate(STILL)
  }

  test("turning to another version far up leaves its buttons where they are, with the focus", async () => {
    const room = await addRoom(app, user.user.id, 160, long)
    const [parent] = await app.query(
      "SELECT id FROM messages WHERE chatroom_id = $1 AND role = 'model' ORDER BY position OFFSET 9 LIMIT 1",
      room,
    )
    const other = `another way [[gemini: words=600]]`
    await ask(app, user, { id: room }, other, { parentId: parent?.id as string })
    const page = await (await web.open(user)).tab(`/app/chat/${room}`)
    await reads(page, ".prompt .versions", "2/2")
    await page.locator("article").nth(21).waitFor()
    const buttons = page.locator(".versions")
    await page.locator(".scroll").hover()
    // Into the middle of the window.
    await buttons.evaluate((one) => one.scrollIntoView({ block: "center" }))
    await page.evaluate(STILL)
    await page.evaluate(NOTING_BUTTONS)
    const focused = () => page.evaluate("document.activeElement.ariaLabel")

    await page.getByLabel("Previous version").press("Enter")
    await reads(page, ".prompt .versions", "1/2")
    // More than a page of the longer way comes after it.
    await page.getByRole("button", { name: "Jump to newest" }).waitFor()
    await page.evaluate(STILL)
    expect(await focused()).toBe("Next version")
    await page.keyboard.press("Enter")
    await reads(page, ".prompt .versions", "2/2")
    await page.evaluate(STILL)
    expect(await focused()).toBe("Previous version")
    const places = await page.evaluate<number[]>("[...places]")
    expect(Math.max(...places) - Math.min(...places)).toBeLessThan(3)
  })

  test.each([500, 1_500])(
    "a telephone that is turned shows what was read, %i px from the end",
    async (px) => {
      const room = await addRoom(app, user.user.id, 100, long)
      const page = await (
        await web.open(user, { viewport: { width: 390, height: 844 }, isMobile: false })
      ).tab(`/app/chat/${room}`)
      await page.locator("article").nth(49).waitFor()
      await scrollUp(page, px)
      const read = await page.evaluate(AT_TOP)
      expect(read).not.toBe(null)
      for (const viewport of [
        { width: 844, height: 390 },
        { width: 390, height: 844 },
      ]) {
        await page.setViewportSize(viewport)
        await page.evaluate(STILL)
        expect(await page.evaluate(AT_TOP)).toBe(read)
      }
    },
  )

  test("a telephone that is turned at the end stays there", async () => {
    const room = await addRoom(app, user.user.id, 100, long)
    const page = await (await web.open(user, { viewport: { width: 390, height: 844 } })).tab(
      `/app/chat/${room}`,
    )
    await page.locator("article").nth(49).waitFor()
    const fromEnd = () =>
      page.locator(".scroll").evaluate((one) => one.scrollHeight - one.scrollTop - one.clientHeight)
    for (const viewport of [
      { width: 844, height: 390 },
      { width: 390, height: 844 },
    ]) {
      await page.setViewportSize(viewport)
      await page.evaluate(STILL)
      expect(await fromEnd()).toBeLessThan(2)
    }
  })

  test("whoever skips to the conversation scrolls it by keys", async () => {
    const room = await addRoom(app, user.user.id, 60, long)
    const page = await (await web.open(user)).tab(`/app/chat/${room}`)
    await page.locator("article").nth(49).waitFor()
    await page.getByRole("link", { name: "Skip to the conversation" }).press("Enter")
    await page.keyboard.press("PageUp")
    await page.getByRole("button", { name: "Jump to newest" }).waitFor()
  })

  test("the text stays until the form to edit it has come, and the focus is never lost", async () => {
    const room = await createRoom(app, user)
    await ask(app, user, room, "a question about herons")
    const window = await web.open(user)
    const page = await window.tab(`/app/chat/${room.id}`)
    await reads(page, ".said", "herons")
    const focused = () => page.evaluate("document.activeElement.ariaLabel")
    let isAsked = false
    const held = Promise.withResolvers<void>()
    await page.route("**/edit-form-*.js", async (route) => {
      isAsked = true
      await held.promise
      await route.continue()
    })
    await page.locator(".prompt").hover()
    await page.getByLabel("Edit", { exact: true }).click()
    await expect.poll(() => isAsked).toBe(true)
    expect(await page.locator(".said").isVisible()).toBe(true)
    held.resolve()
    const field = page.getByLabel("Edit your message")
    await field.press("Escape")
    await expect.poll(focused).toBe("Edit")
    await page.keyboard.press("Enter")
    await field.fill("a question about cranes")
    await field.press("Enter")
    await reads(page, ".prompt .versions", "2/2")
    await page.getByLabel("Another reply").waitFor()
    expect(await focused()).toBe("Message")
    // Another device deletes the message that has it.
    await page.locator(".prompt").getByLabel("Edit", { exact: true }).focus()
    const id = await page.locator(".prompt").getAttribute("data-id")
    await user.http.delete(`/chatroom/${room.id}/message/${id}`)
    await reads(page, ".said", "herons")
    expect(await page.evaluate("document.activeElement.className")).toBe("scroll")
  })
})
