import type { Page } from "playwright-core"
import { describe, expect, test } from "vitest"
import { signIn } from "../helpers/app.ts"
import { ask, createRoom } from "../helpers/chat.ts"
import { addRoom } from "../helpers/rooms.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"
import { chromium, reads, say, useWeb } from "./web-kit.ts"

describe.skipIf(chromium === null)("rooms of the web client (Chromium is on the PATH)", () => {
  const app = useTestApp({ config: { gemini: { titles: true } } })
  const user = useUser(app, { pro: true })
  const web = useWeb(app)

  const item = (page: Page, name: string) => page.locator("#rooms .room").filter({ hasText: name })

  test("a temporary chat is begun as one, shown as one, says when it goes, and can be kept", async () => {
    const ann = await signIn(app)
    const page = await (await web.open(ann)).tab()
    await page.getByRole("button", { name: "Temporary chat" }).click()
    await say(page, "a passing thought")
    await reads(page, ".temporary-note", /Temporary: erased on .+ unless you go on writing/)
    await page.locator("#rooms .room").first().getByLabel("Temporary").waitFor()
    const [room] = (await ann.http.get("/chatroom")).body
    expect(room.temporary).toBe(true)
    await page.getByRole("button", { name: "Keep it" }).click()
    await expect.poll(() => page.locator(".temporary-note").count()).toBe(0)
    expect((await ann.http.get(`/chatroom/${room.id}`)).body.temporary).toBe(false)

    // The next one isn't temporary by itself.
    await page.locator("#rooms .new-chat").click()
    expect(await page.getByRole("button", { name: "Temporary chat" }).getAttribute("aria-pressed")).toBe(
      "false",
    )
  })

  test("a title comes by itself, and one that a person has typed stays", async () => {
    const ann = await signIn(app)
    const page = await (await web.open(ann)).tab()
    await say(page, '[[gemini-title: echo="About tides"]] hello')
    await reads(page, ".top-bar h1", "About tides")
    await page.locator(".top-bar").getByLabel("Options of About tides").click()
    await page.getByRole("menuitem", { name: "Rename" }).click()
    await page.locator(".top-bar").getByLabel("Name of the conversation").fill("Mine")
    await page.keyboard.press("Enter")
    await reads(page, ".top-bar h1", "Mine")
    await say(page, '[[gemini-title: echo="Another title"]] and more')
    await expect.poll(() => page.getByLabel("Another reply").count()).toBe(2)
    const [room] = (await ann.http.get("/chatroom")).body
    expect([room.name, room.nameBy]).toEqual(["Mine", "user"])
    expect(await page.locator(".top-bar h1").innerText()).toBe("Mine")
  })

  test("a reply that ends behind the shown room marks it, in the list and in the page's title", async () => {
    const ann = await signIn(app)
    const [one, two] = [
      await createRoom(app, ann, { name: "first room" }),
      await createRoom(app, ann, { name: "other room" }),
    ]
    const page = await (await web.open(ann)).tab(`/app/chat/${two.id}`)
    await say(page, "[[gemini: stall after=2]] a long one")
    await page.locator("article.growing > .prose").waitFor()
    await item(page, "first room").locator("a").click()
    await page.waitForURL(`**/${one.id}`)
    app.gemini.release()
    await item(page, "other room").getByLabel("New reply").waitFor()
    await expect.poll(() => page.title()).toMatch(/^\(1\) first room/)
    await item(page, "other room").locator("a").click()
    await expect.poll(() => page.title()).toMatch(/^other room/)
  })

  test("the mark of a room goes with it, wherever it is deleted", async () => {
    const ann = await signIn(app)
    const rooms: { id: string }[] = []
    for (const name of ["shown", "gone", "gone too"]) rooms.push(await createRoom(app, ann, { name }))
    const [shown, gone, later] = rooms as [{ id: string }, { id: string }, { id: string }]
    const page = await (await web.open(ann)).tab(`/app/chat/${shown.id}`)
    await item(page, "gone too").waitFor()
    for (const room of [gone, later]) await ask(app, ann, room, "hello")
    await expect.poll(() => page.title()).toMatch(/^\(2\) shown/)
    await ann.http.delete(`/chatroom/${gone.id}`)
    await expect.poll(() => page.title()).toMatch(/^\(1\) shown/)
    // Nobody tells a page that isn't open.
    await page.goto("about:blank")
    await ann.http.delete(`/chatroom/${later.id}`)
    await page.goto(`${app.url}/app/chat/${shown.id}`)
    await expect.poll(() => page.title()).toMatch(/^shown/)
  })

  test.each(["the menu", "the keyboard"])(
    "printing by %s prints all of a conversation, and nothing beside it",
    async (by) => {
      const room = await addRoom(app, user.user.id, 130)
      await ask(app, user, { id: room }, "the last one")
      const page = await (await web.open(user, { colorScheme: "dark" })).tab(`/app/chat/${room}`)
      await page.evaluate(
        "window.print = () => { window.printed = document.querySelectorAll('article').length }",
      )
      await reads(page, ".said", "the last one")
      if (by === "the menu") {
        await page
          .locator(".top-bar")
          .getByLabel(/^Options of/)
          .click()
        await page.getByRole("menuitem", { name: "Print" }).click()
      } else await page.keyboard.press("Control+p")
      await expect.poll(() => page.evaluate("window.printed")).toBe(132)
      await page.emulateMedia({ media: "print" })
      for (const hidden of ["#rooms", "textarea", ".message .actions"]) {
        expect(await page.locator(hidden).first().isVisible(), hidden).toBe(false)
      }
      expect(await page.evaluate("getComputedStyle(document.body).backgroundColor")).toBe(
        "rgb(252, 251, 249)",
      )
      const pages = (await page.pdf()).toString("latin1").match(/\/Type \/Page\b/g)
      expect(pages?.length).toBeGreaterThan(3)
      // What was loaded for it goes after it.
      await page.evaluate("dispatchEvent(new Event('afterprint'))")
      await expect.poll(() => page.locator("article").count()).toBeLessThan(132)
      await reads(page, ".said", "the last one")
    },
  )
})
