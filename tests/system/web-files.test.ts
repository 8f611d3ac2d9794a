import { readFileSync } from "node:fs"
import type { Page } from "playwright-core"
import { describe, expect, test } from "vitest"
import { ask, createRoom } from "../helpers/chat.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"
import { chromium, reads, say, useWeb } from "./web-kit.ts"

/** A picture of one point. */
const PIXEL = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
)

describe.skipIf(chromium === null)(
  "files, search and sharing in the web client (Chromium is on the PATH)",
  () => {
    const app = useTestApp()
    const user = useUser(app, { pro: true })
    const web = useWeb(app)

    const openRoom = async (room: { id: string }) => (await web.open(user)).tab(`/app/chat/${room.id}`)
    async function choose(page: Page, room: string, action: string) {
      await page.locator(".top-bar").getByLabel(`Options of ${room}`).click()
      await page.locator(".top-bar").getByRole("menuitem", { name: action }).click()
    }

    test("files go with a message: chosen, pasted and dropped, with a word for those that can't", async () => {
      const page = await openRoom(await createRoom(app, user))
      const files = page.locator(".uploads li")
      await page.locator("input[type=file]").setInputFiles([
        { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("some notes") },
        { name: "pixel.png", mimeType: "image/png", buffer: PIXEL },
      ])
      await expect.poll(() => files.count()).toBe(2)
      await page.locator(".uploads img").waitFor()
      web.expectProblem(/ 415 .*\/attachment$/)
      await page.evaluate(give("paste", "broken.bin", [0, 1, 2]))
      await reads(page, ".send-note", "Remove the file that failed")
      expect(await files.filter({ hasText: "broken.bin" }).getByLabel("Try again").count()).toBe(0)
      await page.getByLabel("Remove broken.bin").click()
      await page.evaluate(give("drop", "dropped.md", [35, 32, 104, 105]))
      await expect.poll(() => page.locator(".uploads progress").count()).toBe(0)
      const way = Promise.withResolvers<void>()
      await page.route("**/message", async (route) => {
        await way.promise
        await route.continue()
      })
      await say(page, "what is in these?")
      // While it is on its way, it names its files already.
      await reads(page, "[data-outgoing] .files", "dropped.md")
      way.resolve()
      await reads(page, ".prompt .files", "dropped.md")
      expect(await page.locator(".prompt .files li").allInnerTexts()).toEqual([
        "notes.txt",
        "pixel.png",
        "dropped.md",
      ])
      expect(await files.count()).toBe(0)
    })

    test("a file that is on its way to a room isn't sent on when the room is left", async () => {
      const room = await createRoom(app, user)
      const page = await openRoom(await createRoom(app, user, { name: "left" }))
      await page.route("**/attachment", () => undefined)
      web.expectProblem(/ERR_FAILED|ERR_ABORTED/)
      const sending = page.waitForRequest("**/attachment")
      await page
        .locator("input[type=file]")
        .setInputFiles({ name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("some notes") })
      const request = await sending
      const ended = page.waitForEvent("requestfailed", (one) => one === request)
      await page.locator(`#rooms a[href$="${room.id}"]`).click()
      await ended
    })

    test("a reply that was stopped goes on in a version beside it", async () => {
      const page = await openRoom(await createRoom(app, user))
      await say(page, "[[gemini: stall after=3 times=1]] a story, please")
      await page.locator(".reply .prose").waitFor()
      await page.getByLabel("Stop the reply").click()
      await reads(page, ".outcome", "Stopped.")
      const before = await page.locator(".reply .prose").innerText()
      await page.locator(".outcome").getByRole("button", { name: "Continue" }).click()
      await reads(page, ".reply .versions", "2/2")
      await page.getByLabel("Another reply").waitFor()
      const after = await page.locator(".reply .prose").innerText()
      expect(after.startsWith(before.slice(0, 10))).toBe(true)
      expect(after.length).toBeGreaterThan(before.length)
    })

    test("a conversation is rated, and forked from a reply into a room of its own", async () => {
      const room = await createRoom(app, user, { name: "The trunk" })
      const first = await ask(app, user, room, "the first question")
      await ask(app, user, room, "the second question")
      const page = await openRoom(room)
      // The newest message is there first.
      await expect.poll(() => page.locator("article").count()).toBe(4)
      await page.getByLabel("Good reply").first().click()
      const rating = async () =>
        (await user.http.get(`/chatroom/${room.id}/message/${first.id}`)).body.feedback?.rating
      await expect.poll(rating).toBe("up")
      await page.getByLabel("Go on in a new chat").first().click()
      await page.waitForURL((url) => !url.pathname.endsWith(room.id))
      await reads(page, ".prompt .said", "the first question")
      await page.getByLabel("Another reply").waitFor()
      expect(await page.locator("article").count()).toBe(2)
      await reads(page, ".top-bar h1", "The trunk (copy)")
    })

    test("search finds what was said, by Ctrl+K, and leads there", async () => {
      const room = await createRoom(app, user, { name: "About birds" })
      await ask(app, user, room, "How does a cormorant dry its wings?")
      const page = await (await web.open(user)).tab()
      await page.getByLabel("Message", { exact: true }).waitFor()
      await page.keyboard.press("Control+k")
      await page.locator("dialog[open] input").waitFor()
      await page.keyboard.type("cormorant")
      await reads(page, ".found mark", "cormorant")
      // An answer may leave out what isn't indexed yet, and says so.
      await page.route("**/search?*", async (route) => {
        const response = await route.fetch()
        await route.fulfill({ response, headers: { ...response.headers(), "x-search-pending": "2" } })
      })
      await page.keyboard.press("Backspace")
      await reads(page, ".found", "2 messages are still being indexed")
      // It is asked for again until nothing is left out.
      await page.unroute("**/search?*")
      await expect.poll(() => page.locator(".found").innerText()).not.toContain("being indexed")
      await page.keyboard.press("t")
      await page.keyboard.press("ArrowDown")
      await page.keyboard.press("Enter")
      await page.waitForURL(`**/app/chat/${room.id}`)
      await reads(page, ".prompt .said", "How does a cormorant dry its wings?")
      await page.locator(".top-bar h1").click()
      await page.keyboard.press("?")
      await reads(page, "dialog h2", "Keyboard shortcuts")
      await page.keyboard.press("Escape")
      await expect.poll(() => page.locator("dialog").count()).toBe(0)
    })

    test("a conversation is shared, withdrawn, and saved as a file", async () => {
      const room = await createRoom(app, user, { name: "To be shared" })
      const { content } = await ask(app, user, room, '[[gemini: echo="shared words"]]')
      const page = await openRoom(room)
      web.expectProblem(/ 404 .*\/share$/)
      await choose(page, "To be shared", "Share")
      await page.getByRole("button", { name: "Create link" }).click()
      const link = await page.getByLabel("Link", { exact: true }).inputValue()
      expect(link).toMatch(/\/shared\/[\w-]{20,}$/)
      const path = new URL(link).pathname
      expect((await app.http.get(path)).body.messages).toHaveLength(2)
      await page.getByRole("button", { name: "Withdraw" }).click()
      await page.getByRole("button", { name: "Create link" }).waitFor()
      expect((await app.http.get(path)).status).toBe(404)
      await page.keyboard.press("Escape")

      const [download] = await Promise.all([
        page.waitForEvent("download"),
        choose(page, "To be shared", "Save as Markdown"),
      ])
      expect(download.suggestedFilename()).toBe("To be shared.md")
      expect(readFileSync(await download.path(), "utf8")).toContain(content)
    })
  },
)

/** What a paste or a drop of a file does in a page. */
function give(kind: "paste" | "drop", name: string, bytes: number[]): string {
  return `{
    const data = new DataTransfer()
    data.items.add(new File([new Uint8Array(${JSON.stringify(bytes)})], "${name}"))
    const field = document.querySelector("textarea")
    field.dispatchEvent(${
      kind === "paste"
        ? "new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true })"
        : "new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true })"
    })
  }`
}
