import type { Page } from "playwright-core"
import { describe, expect, test } from "vitest"
import { ask, createRoom } from "../helpers/chat.ts"
import { addRoom } from "../helpers/rooms.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"
import { chromium, fromEndOf, reads, STILL, say, useWeb } from "./web-kit.ts"

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
  for (const below of [8, 30, 60, 90]) {
    const found = document.elementsFromPoint(box.left + box.width / 2, box.top + below)
    const text = found.find((one) => one.matches("p"))?.textContent
    if (text) return text.match(/\\d+$/)[0]
  }
  return null
})()`

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

  const focused = (page: Page) => page.evaluate<string | null>("document.activeElement.ariaLabel")

  /** A room whose tenth prompt has `count` versions: the first goes on for more than a page, the last is shown. */
  async function openVersions(count: number) {
    const room = await addRoom(app, user.user.id, 160, long)
    const [parent] = await app.query(
      "SELECT id FROM messages WHERE chatroom_id = $1 AND role = 'model' ORDER BY position OFFSET 9 LIMIT 1",
      room,
    )
    for (let other = 1; other < count; other += 1)
      await ask(app, user, { id: room }, "another way [[gemini: words=600]]", {
        parentId: parent?.id as string,
      })
    const page = await (await web.open(user)).tab(`/app/chat/${room}`)
    await reads(page, ".prompt .versions", `${count}/${count}`)
    await page.locator("article").nth(21).waitFor()
    await page.locator(".scroll").hover()
    // Into the middle of the window.
    await page.locator(".versions").evaluate((one) => one.scrollIntoView({ block: "center" }))
    await page.evaluate(STILL)
    return { room, page }
  }

  /** Lets requests to this address go on when `go` is called. */
  async function hold(page: Page, address: string) {
    const held = Promise.withResolvers<void>()
    await page.route(address, async (route) => {
      const response = await route.fetch()
      await held.promise
      await route.fulfill({ response })
    })
    return { go: held.resolve }
  }

  test("turning to another version far up leaves its buttons where they are, with the focus", async () => {
    const { page } = await openVersions(2)
    await page.evaluate(NOTING_BUTTONS)
    await page.getByLabel("Previous version").press("Enter")
    await reads(page, ".prompt .versions", "1/2")
    // More than a page of the longer way comes after it.
    await page.getByRole("button", { name: "Jump to newest" }).waitFor()
    await page.evaluate(STILL)
    expect(await focused(page)).toBe("Previous version")
    // There is none before.
    await page.keyboard.press("Enter")
    await page.evaluate(STILL)
    await reads(page, ".prompt .versions", "1/2")
    await page.getByLabel("Next version").press("Enter")
    await reads(page, ".prompt .versions", "2/2")
    await page.evaluate(STILL)
    expect(await focused(page)).toBe("Next version")
    const places = await page.evaluate<number[]>("[...places]")
    expect(Math.max(...places) - Math.min(...places)).toBeLessThan(3)
  })

  test("a press while a version is being loaded goes on from that one", async () => {
    const { room, page } = await openVersions(3)
    await page.evaluate(NOTING_BUTTONS)
    const { go } = await hold(page, `**/chatroom/${room}?*`)
    const previous = page.getByLabel("Previous version")
    await previous.press("Enter")
    await previous.press("Enter")
    go()
    await reads(page, ".prompt .versions", "1/3")
    await page.evaluate(STILL)
    expect(await focused(page)).toBe("Previous version")
    const places = await page.evaluate<number[]>("[...places]")
    expect(Math.max(...places) - Math.min(...places)).toBeLessThan(3)
  })

  test("who writes while a version is being loaded goes on writing, and sees what is sent", async () => {
    const room = await createRoom(app, user)
    await ask(app, user, room, "one way")
    await ask(app, user, room, "another way", { parentId: null })
    const page = await (await web.open(user)).tab(`/app/chat/${room.id}`)
    await reads(page, ".prompt .versions", "2/2")
    const { go } = await hold(page, `**/chatroom/${room.id}?*`)
    const chosen = page.waitForRequest(`**/chatroom/${room.id}?*`)
    await page.getByLabel("Previous version").press("Enter")
    await chosen
    await say(page, "said meanwhile")
    await expect.poll(async () => (await user.http.get(`/chatroom/${room.id}`)).body.messages.length).toBe(4)
    go()
    // What is sent goes on from what is seen, and is what was chosen last.
    await page.getByLabel("Another reply").nth(1).waitFor()
    await reads(page, ".said", "said meanwhile")
    await reads(page, ".prompt .versions", "2/2")
    expect(await focused(page)).toBe("Message")
  })

  test("an edit that is refused leaves the reader free to go", async () => {
    const { room, page } = await openVersions(2)
    await page.getByLabel("Previous version").press("Enter")
    await reads(page, ".prompt .versions", "1/2")
    await page.evaluate(STILL)
    web.expectProblem(/ 429 /)
    const error = { code: "quota_exceeded", message: "Enough for today." }
    await page.route(`**/chatroom/${room}/message`, (route) =>
      route.fulfill({ status: 429, json: { error } }),
    )
    const prompt = page.locator(".prompt").filter({ has: page.locator(".versions") })
    await prompt.getByLabel("Edit", { exact: true }).press("Enter")
    await page.getByLabel("Edit your message").fill("a third way")
    await page.getByLabel("Edit your message").press("Enter")
    await reads(page, ".unsent", "a third way")
    await page.getByRole("button", { name: "Jump to newest" }).waitFor({ state: "detached" })
    await scrollUp(page, 3_000)
  })

  test.each([500, 1_500])(
    "a telephone that is turned shows what was read, %i px from the end",
    async (px) => {
      const room = await addRoom(app, user.user.id, 100, long)
      const page = await (await web.open(user, { viewport: { width: 390, height: 844 } })).tab(
        `/app/chat/${room}`,
      )
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
    // As does whoever has been at the end and wants to go up again.
    const toNewest = page.getByRole("button", { name: "Jump to newest" })
    await toNewest.press("Enter")
    await toNewest.waitFor({ state: "detached" })
    // A scroll by keys may have been running.
    await page.evaluate(STILL)
    expect(Math.round(await fromEndOf(page))).toBe(0)
    await page.keyboard.press("PageUp")
    await toNewest.waitFor()
  })

  test("a jump to the newest ends there, though a scroll runs on", async () => {
    const room = await addRoom(app, user.user.id, 60, long)
    const page = await (await web.open(user)).tab(`/app/chat/${room}`)
    await page.locator("article").nth(49).waitFor()
    await scrollUp(page, 500)
    // As the browser does that has begun to scroll because of the wheel.
    await page.evaluate(`{
      const area = document.querySelector(".scroll")
      area.dispatchEvent(new WheelEvent("wheel"))
      document.querySelector(".newest").click()
      area.scrollTop -= 150
      area.dispatchEvent(new Event("scroll"))
    }`)
    await page.evaluate(STILL)
    expect(Math.round(await fromEndOf(page))).toBe(0)
    await page.getByRole("button", { name: "Jump to newest" }).waitFor({ state: "detached" })
    // What the reader does afterwards counts.
    await scrollUp(page, 500)
    expect(await fromEndOf(page)).toBeGreaterThan(400)
  })

  test("a tap that only stops a scroll, of which browsers make no click, leads to the newest, too", async () => {
    const room = await addRoom(app, user.user.id, 40, "a line\n\nand another")
    const page = await (await web.open(user)).tab(`/app/chat/${room}`)
    await page.locator("article").nth(39).waitFor()
    await scrollUp(page, 500)
    const toNewest = page.getByRole("button", { name: "Jump to newest" })
    await toNewest.dispatchEvent("pointerup", { pointerType: "touch" })
    await toNewest.waitFor({ state: "detached" })
    await expect.poll(() => fromEndOf(page)).toBeLessThan(2)
  })

  test("the text stays until the form to edit it has come, and the focus is never lost", async () => {
    const room = await createRoom(app, user)
    await ask(app, user, room, "a question about herons")
    const window = await web.open(user)
    const page = await window.tab(`/app/chat/${room.id}`)
    await reads(page, ".said", "herons")
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
    expect(await focused(page)).toBe("Edit")
    held.resolve()
    const field = page.getByLabel("Edit your message")
    await field.press("Escape")
    await expect.poll(() => focused(page)).toBe("Edit")
    await page.keyboard.press("Enter")
    await field.fill("a question about cranes")
    await field.press("Enter")
    await reads(page, ".prompt .versions", "2/2")
    await page.getByLabel("Another reply").waitFor()
    expect(await focused(page)).toBe("Message")
    // Another device deletes the message that has it.
    await page.locator(".prompt").getByLabel("Edit", { exact: true }).focus()
    const id = await page.locator(".prompt").getAttribute("data-id")
    await user.http.delete(`/chatroom/${room.id}/message/${id}`)
    await reads(page, ".said", "herons")
    expect(await page.evaluate("document.activeElement.className")).toBe("scroll")
  })
})
