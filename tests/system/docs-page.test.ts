import type { Page } from "playwright-core"
import { describe, expect, test } from "vitest"
import { createRoom } from "../helpers/chat.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"
import { chromium, reads, useWeb, type Window } from "./web-kit.ts"

describe.skipIf(chromium === null)("the documentation in a browser (Chromium is on the PATH)", () => {
  const app = useTestApp()
  const ann = useUser(app)
  const web = useWeb(app)

  async function open(window: Window, operation: string): Promise<Page> {
    const page = await window.tab(`/docs#/${operation}`)
    await reads(page, "body", "/chatroom/{id}/message")
    return page
  }

  async function authorize(page: Page): Promise<void> {
    await page.locator(".auth-wrapper .authorize").first().click()
    await page.locator(".auth-container input").first().fill(ann.token)
    await page.locator(".auth-container .authorize").first().click()
    await reads(page, ".auth-container", "Logout")
    await page.locator(".btn-done").first().click()
  }

  // One walk: the page takes seconds to draw.
  test("a token and a number are their tab's own, and a message gets its 202", async () => {
    const room = await createRoom(app, ann)
    const window = await web.open()
    const page = await open(window, "Messages/postMessage")
    await authorize(page)
    await page.reload()
    await page.locator(".auth-wrapper .authorize.locked").waitFor()
    expect(await page.evaluate("JSON.stringify(sessionStorage)")).toContain(ann.token)
    expect(await page.evaluate("JSON.stringify(localStorage) + document.cookie")).not.toContain(ann.token)

    // Not a stream, which the page would show only at its end.
    const operation = page.locator(".opblock.is-open")
    await operation.locator(".parameters input").first().fill(room.id)
    await operation.locator(".execute").click()
    await reads(page, ".opblock.is-open .live-responses-table .response-col_status", "202")
    expect(await operation.locator(".live-responses-table").innerText()).toContain('"role": "user"')

    const other = await open(window, "Sign-in/postSignUp")
    await other.locator(".auth-wrapper .authorize.unlocked").waitFor()
    expect(await other.evaluate("JSON.stringify(sessionStorage)")).not.toContain(ann.token)
    const example = other.locator(".opblock.is-open textarea")
    await expect.poll(() => example.inputValue()).toMatch(/"mobileNumber": "202555\d{4}"/)
    expect(await other.locator("body").innerText()).not.toContain("1234567890")
    const numberOf = (tab: Page) => tab.evaluate("sessionStorage.getItem('number')")
    expect(await numberOf(other)).not.toBe(await numberOf(page))
  })
})
