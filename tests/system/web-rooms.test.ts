import { readFileSync } from "node:fs"
import type { Page } from "playwright-core"
import { describe, expect, test } from "vitest"
import { newMobileNumber, signIn } from "../helpers/app.ts"
import { createRoom } from "../helpers/chat.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"
import { chromium, reads, say, useWeb } from "./web-kit.ts"

describe.skipIf(chromium === null)(
  "signing in to the web client, and its list (Chromium is on the PATH)",
  () => {
    const app = useTestApp({ config: { gemini: { titles: true } } })
    const user = useUser(app, { pro: true })
    const web = useWeb(app)

    const names = (page: Page) => page.locator("#rooms .room .name").allInnerTexts()
    const item = (page: Page, name: string) => page.locator("#rooms .room").filter({ hasText: name })
    async function choose(page: Page, room: string, action: string) {
      await item(page, room).hover()
      await page.locator("#rooms").getByLabel(`Options of ${room}`).click()
      await page.getByRole("menuitem", { name: action }).click()
    }

    test("a number and a code lead in; leaving one tab leaves all, and nothing stays behind", async () => {
      const window = await web.open()
      const page = await window.tab()
      // What the account asks for may meet the end of the session.
      web.expectProblem(/ 40[01] .*\/(?:auth|subscription)\//)
      await page.getByLabel("Mobile number").fill("12")
      await page.getByRole("button", { name: "Send code" }).click()
      await reads(page, "[role=alert]", "doesn't look like a mobile number")
      await page.getByLabel("Mobile number").fill(newMobileNumber())
      await page.getByLabel("Mobile number").press("Enter")
      await reads(page, ".mocked", "This service doesn't send text messages")
      await page.getByLabel("Code", { exact: true }).fill("000000")
      await reads(page, "[role=alert]", "wrong or has expired")
      await page.getByRole("button", { name: "Fill in" }).click()
      await reads(page, "h1", "What would you like to know?")

      const other = await window.tab("/app/account")
      await reads(other, ".plan-name", "Basic")
      await page.getByLabel("Message", { exact: true }).fill("a draft")
      await other.getByRole("button", { name: "Sign out" }).click()
      for (const tab of [page, other]) await reads(tab, "h1", "Sign in")
      expect(await page.evaluate("Object.keys(localStorage)")).toEqual([])
    })

    test("an account shows its sessions, gives its data, and is deleted after a second look", async () => {
      const dan = await signIn(app)
      await signIn(app, { mobileNumber: dan.mobileNumber })
      const page = await (await web.open(dan)).tab("/app/account")
      await expect.poll(() => page.locator(".sessions li").count()).toBe(2)
      await page.getByRole("button", { name: "Sign out there" }).click()
      await expect.poll(() => page.locator(".sessions li").count()).toBe(1)
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("button", { name: "Download everything" }).click(),
      ])
      expect(readFileSync(await download.path(), "utf8")).toContain(dan.mobileNumber)
      await page.getByRole("button", { name: "Delete account" }).click()
      const erase = page.getByRole("button", { name: "Delete for good" })
      expect(await erase.isDisabled()).toBe(true)
      await page.getByLabel("write your number").fill(dan.mobileNumber)
      // The streams end before the answer comes, and nothing is asked in the name of the ended session.
      await page.route("**/user/me", async (route) => {
        if (route.request().method() !== "DELETE") return route.continue()
        const response = await route.fetch()
        await expect.poll(() => app.ctx.streamLimit.count()).toBe(0)
        await route.fulfill({ response })
      })
      await erase.click()
      await reads(page, "h1", "Sign in")
      expect(new URL(page.url()).pathname).toBe("/app")
      expect((await dan.http.get("/user/me")).status).toBe(401)
    })

    test("it speaks the browser's language, dates and numbers too", async () => {
      const page = await (await web.open(user, { locale: "de-DE" })).tab("/app/account")
      await reads(page, "h1", "Konto")
      expect(await page.getAttribute("html", "lang")).toBe("de-DE")
      await page.getByText("Zurück zum Chat").click()
      await page.getByPlaceholder("Schreib eine Nachricht").waitFor()
    })

    test("an expired token is renewed once for all tabs", async () => {
      const eve = await signIn(app)
      const window = await web.open({ ...eve, token: `${eve.token}x` })
      web.expectProblem(/ 401 /)
      const renewals: string[] = []
      window.context.on("request", (request) => {
        if (request.url().endsWith("/auth/refresh")) renewals.push(request.url())
      })
      const tabs = await Promise.all([1, 2, 3].map(() => window.tab("/app/account")))
      for (const tab of tabs) await reads(tab, ".plan-name", "Basic")
      expect(renewals).toHaveLength(1)
    })

    test("rooms are renamed, pinned, archived and deleted, each with a way back", async () => {
      for (const name of ["one", "two", "three"]) await createRoom(app, user, { name })
      const page = await (await web.open(user)).tab()
      await expect.poll(() => names(page)).toEqual(["three", "two", "one"])

      await choose(page, "two", "Rename")
      await page.getByLabel("Name of the conversation").fill("second")
      await page.keyboard.press("Enter")
      await choose(page, "one", "Pin")
      await expect.poll(() => names(page)).toEqual(["one", "three", "second"])

      await page.clock.install()
      await choose(page, "three", "Archive")
      await expect.poll(() => names(page)).toEqual(["one", "second"])
      // The way back stays for somebody who is at it.
      await page.locator(".toast").getByRole("button", { name: "Undo" }).focus()
      await page.clock.fastForward(20_000)
      await expect.poll(() => page.locator(".toast").count()).toBe(1)
      await page.locator(".toast").getByRole("button", { name: "Undo" }).click()
      await expect.poll(() => names(page)).toEqual(["one", "three", "second"])

      await choose(page, "three", "Delete")
      await expect.poll(() => names(page)).toEqual(["one", "second"])
      await page.locator(".toast").getByRole("button", { name: "Undo" }).click()
      await expect.poll(() => names(page)).toEqual(["one", "three", "second"])
      await choose(page, "three", "Delete")
      await page.locator(".toast").getByLabel("Close").click()
      const listed = async () =>
        (await user.http.get("/chatroom")).body.map(({ name }: { name: string }) => name)
      await expect.poll(listed).toEqual(["one", "second"])
    })

    test("what another device does shows at once: rooms, names, and a reply that nobody here has read", async () => {
      const ann = await signIn(app)
      const page = await (await web.open(ann)).tab()
      await reads(page, "#rooms .note", "Your conversations will be listed here.")
      const room = await createRoom(app, ann)
      await item(page, "New chat").waitFor()
      const message = `[[gemini-title: echo="A named room"]] hello`
      await ann.http.post(`/chatroom/${room.id}/message`, { message })
      await item(page, "A named room").locator(".unread").waitFor()
      await expect.poll(() => page.title()).toMatch(/^\(1\) /)
      // What is deleted before the conversation is followed doesn't exist, and is no news.
      const isFollowed = page.waitForResponse(`**/chatroom/${room.id}/events`)
      await item(page, "A named room").locator("a").click()
      await expect.poll(() => page.locator(".unread").count()).toBe(0)
      await expect.poll(() => page.title()).toBe("A named room · Chat")
      await isFollowed
      await ann.http.delete(`/chatroom/${room.id}`)
      await reads(page, ".greeting", "This conversation has been deleted.")
    })

    test("the composer keeps drafts by room, makes lines, leaves words to input methods, and recalls", async () => {
      const [one, two] = [
        await createRoom(app, user, { name: "left" }),
        await createRoom(app, user, { name: "right" }),
      ]
      const window = await web.open(user)
      const page = await window.tab(`/app/chat/${one.id}`)
      const field = page.getByLabel("Message", { exact: true })
      await field.pressSequentially("first line")
      await field.press("Shift+Enter")
      await field.pressSequentially("second")
      await item(page, "right").locator("a").click()
      await expect.poll(() => field.inputValue()).toBe("")
      await field.fill("other")
      await page.reload()
      await expect.poll(() => field.inputValue()).toBe("other")
      await item(page, "left").locator("a").click()
      await expect.poll(() => field.inputValue()).toBe("first line\nsecond")

      await field.fill("")
      const devtools = await window.context.newCDPSession(page)
      await devtools.send("Input.imeSetComposition", { text: "ni", selectionStart: 2, selectionEnd: 2 })
      await devtools.send("Input.dispatchKeyEvent", {
        type: "keyDown",
        key: "Enter",
        code: "Enter",
        windowsVirtualKeyCode: 229,
      })
      expect(await page.locator("article").count()).toBe(0)
      await devtools.send("Input.insertText", { text: "你好" })
      await field.press("Enter")
      await reads(page, ".prompt .said", "你好")
      await page.getByLabel("Another reply").waitFor()
      await field.press("ArrowUp")
      await expect.poll(() => field.inputValue()).toBe("你好")
      expect(two.id).not.toBe(one.id)
    })

    test("it can be used by the keyboard alone", async () => {
      const room = await createRoom(app, user, { name: "by keyboard" })
      const page = await (await web.open(user)).tab(`/app/chat/${room.id}`)
      const focused = (name: string) =>
        expect
          .poll(() => page.evaluate("document.activeElement.ariaLabel ?? document.activeElement.innerText"))
          .toBe(name)
      await item(page, "by keyboard").waitFor()
      await say(page, "hello")
      await page.getByLabel("Another reply").waitFor()
      await item(page, "by keyboard").locator("a").focus()
      await page.keyboard.press("Tab")
      await page.keyboard.press("Enter")
      await focused("Rename")
      await page.keyboard.press("ArrowDown")
      await focused("Pin")
      await page.keyboard.press("Escape")
      await focused("Options of by keyboard")
      await page.keyboard.press("Enter")
      await focused("Rename")
      await page.keyboard.press("Enter")
      await page.getByLabel("Name of the conversation").waitFor()
      await page.keyboard.press("Escape")
      await item(page, "by keyboard").waitFor()
    })
  },
)
