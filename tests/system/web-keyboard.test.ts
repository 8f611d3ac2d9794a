import type { Page } from "playwright-core"
import { describe, expect, test } from "vitest"
import { newMobileNumber } from "../helpers/app.ts"
import { ask, createRoom } from "../helpers/chat.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"
import { chromium, reads, useWeb } from "./web-kit.ts"

describe.skipIf(chromium === null)(
  "the web client without a mouse, and on small screens (Chromium is on the PATH)",
  () => {
    const app = useTestApp()
    const user = useUser(app, { pro: true })
    const web = useWeb(app)

    /** What has the focus, as a screen reader would call it. */
    const focus = (page: Page) =>
      page.evaluate<string>(`{
      const one = document.activeElement
      const label = one.labels?.[0]?.innerText ?? one.ariaLabel ?? one.innerText
      label.trim()
    }`)
    const isFocused = (page: Page, name: string | RegExp) => expect.poll(() => focus(page)).toMatch(name)

    /** Presses Tab (or Shift+Tab) until something of that name has the focus. */
    async function tabTo(page: Page, name: RegExp, key = "Tab"): Promise<void> {
      for (let presses = 0; presses < 60; presses += 1) {
        if (name.test(await focus(page))) return
        await page.keyboard.press(key)
      }
      throw new Error(`No way by ${key} to ${name}; at ${await focus(page)}`)
    }

    test("from signing in to signing out by keys alone", async () => {
      const page = await (await web.open()).tab()
      const { keyboard } = page
      await isFocused(page, /^Mobile number/)
      await keyboard.type(newMobileNumber())
      await keyboard.press("Enter")
      await reads(page, ".mocked", "doesn't send text messages")
      await tabTo(page, /^Fill in/)
      await keyboard.press("Enter")
      await reads(page, "h1", "What would you like to know?")

      // A message, and its reply.
      await isFocused(page, /^Message/)
      await keyboard.type("[[gemini: echo=hello]] a question about herons")
      await keyboard.press("Enter")
      await page.getByLabel("Another reply").waitFor()
      await isFocused(page, /^Message/)

      // Another version of it.
      await tabTo(page, /^Edit$/, "Shift+Tab")
      await keyboard.press("Enter")
      await isFocused(page, /^Edit your message/)
      await keyboard.press("End")
      await keyboard.type(", again")
      await keyboard.press("Enter")
      await reads(page, ".prompt .versions", "2/2")
      await page.getByLabel("Another reply").waitFor()

      // The menu of the room: rename it, and get the focus back.
      await tabTo(page, /^Options of/, "Shift+Tab")
      await keyboard.press("Enter")
      await isFocused(page, /^Rename$/)
      await keyboard.press("ArrowUp")
      await isFocused(page, /^Delete$/)
      await keyboard.press("Home")
      await keyboard.press("Enter")
      await isFocused(page, /^Name of the conversation/)
      await keyboard.press("Control+a")
      await keyboard.type("Herons")
      await keyboard.press("Enter")
      await reads(page, ".top-bar h1", "Herons")
      await isFocused(page, /^Options of Herons/)

      // Share it in a dialog, which keeps the focus and gives it back.
      web.expectProblem(/ 404 .*\/share$/)
      await keyboard.press("Enter")
      for (let presses = 0; (await focus(page)) !== "Share"; presses += 1) {
        expect(presses).toBeLessThan(20)
        await keyboard.press("ArrowDown")
      }
      await keyboard.press("Enter")
      await page.getByRole("button", { name: "Create link" }).waitFor()
      await tabTo(page, /^Create link/)
      await keyboard.press("Enter")
      await page.getByRole("button", { name: "Withdraw" }).waitFor()
      expect(await page.evaluate("document.activeElement.closest('dialog') !== null")).toBe(true)
      await keyboard.press("Escape")
      await isFocused(page, /^Options of Herons/)

      // Search, and go to what was found, which may be on the branch that isn't shown.
      await keyboard.press("Control+k")
      await isFocused(page, /^Search/)
      await keyboard.type("herons")
      // It is found as soon as the service has read it.
      await expect
        .poll(async () => {
          await keyboard.press("Backspace")
          await keyboard.type("s")
          // The search begins a moment after the last letter.
          const found = page.locator(".found li").first()
          await found.waitFor({ timeout: 2_000 }).catch(() => undefined)
          return page.locator(".found li").count()
        })
        .toBeGreaterThan(0)
      await keyboard.press("Enter")
      await expect.poll(() => page.locator("dialog").count()).toBe(0)

      // The list of keys, and away.
      await tabTo(page, /^(?:Copy|Edit|Another reply|Options of Herons)/)
      await keyboard.press("?")
      await reads(page, "dialog h2", "Keyboard shortcuts")
      await keyboard.press("Escape")
      await keyboard.press("Control+Shift+o")
      await reads(page, "h1", "What would you like to know?")
      await tabTo(page, /^\+/, "Shift+Tab")
      await keyboard.press("Enter")
      await reads(page, "h1", "Account")
      await tabTo(page, /^Sign out$/)
      await keyboard.press("Enter")
      await reads(page, "h1", "Sign in")
    })

    test("a growing reply is read out sentence by sentence", async () => {
      const room = await createRoom(app, user)
      const page = await (await web.open(user)).tab(`/app/chat/${room.id}`)
      await page.getByLabel("Message", { exact: true }).waitFor()
      const said = page.locator("main [aria-live=polite]")
      await page.evaluate(`{
      window.said = []
      new MutationObserver(() => {
        const text = document.querySelector("main [aria-live=polite]").textContent
        if (text && text !== said.at(-1)) said.push(text)
      }).observe(document.querySelector("main"), { subtree: true, childList: true, characterData: true })
    }`)
      await page
        .getByLabel("Message", { exact: true })
        .fill('[[gemini: delay=30 chunks=12 echo="The first one. The second one! The third one?"]]')
      await page.keyboard.press("Enter")
      await page.getByLabel("Another reply").waitFor()
      await expect.poll(() => said.innerText()).toContain("The reply is complete.")
      const parts = (await page.evaluate<string[]>("window.said")).filter(
        (part) => !/^The reply has/.test(part),
      )
      const whole = parts.join(" ").replaceAll(/\s+/g, " ")
      expect(whole).toContain("The first one. The second one! The third one?")
      // Sentences, and no beginnings of them.
      for (const part of parts) expect(part).toMatch(/[.!?]\s*(?:The reply is complete\.)?$/)
    })

    // 200 % of a window of 1280 is one of 640; 400 % is 320, the narrowest that WCAG 1.4.10 asks for.
    test.each([
      ["a telephone", { width: 390, height: 844 }],
      ["a desk at 200 %", { width: 640, height: 512 }],
      ["a desk at 400 %", { width: 320, height: 256 }],
    ])("nothing is lost or has to be scrolled sideways on %s", async (_, viewport) => {
      const room = await createRoom(app, user, {
        name: "A name that is longer than any telephone is wide, by far",
      })
      await ask(app, user, room, `[[gemini: echo=${JSON.stringify(WIDE)}]] ${"long".repeat(60)}`)
      const page = await (await web.open(user, { viewport })).tab()
      const isWider = "document.documentElement.scrollWidth > innerWidth"
      const expectFits = async (where: string) => expect(await page.evaluate(isWider), where).toBe(false)
      await reads(page, "h1", "What would you like to know?")
      await expectFits("new")
      for (const place of [`/app/chat/${room.id}`, "/app/account"]) {
        await page.goto(app.url + place)
        await page.locator(".column").waitFor()
        await page.locator(".message, .plan-name").first().waitFor()
        await expectFits(place)
      }
      await page.goto(`${app.url}/app/chat/${room.id}`)
      await page.locator(".reply .prose").waitFor()
      // What is needed is in sight: to read and to write.
      const field = page.getByLabel("Message", { exact: true })
      await field.fill("still to be written")
      const box = (await field.boundingBox()) as { y: number; height: number }
      expect(box.y + box.height).toBeLessThanOrEqual(viewport.height)
      const read = (await page.locator(".scroll").boundingBox()) as { height: number }
      expect(read.height).toBeGreaterThan(60)

      await page.getByLabel("Show conversations").click()
      await page.locator("#rooms.shown").waitFor()
      await expectFits("list")
      await page.locator("#rooms").getByLabel("Search").click()
      await page.locator("dialog[open]").waitFor()
      await expectFits("search")
      await page.keyboard.press("Escape")
      await page.keyboard.press("Escape")
      await page
        .locator(".top-bar")
        .getByLabel(/^Options of/)
        .click()
      await page.getByRole("menuitem", { name: "Delete" }).scrollIntoViewIfNeeded()
      const last = (await page.getByRole("menuitem", { name: "Delete" }).boundingBox()) as {
        y: number
        height: number
      }
      expect(last.y + last.height).toBeLessThanOrEqual(viewport.height)
    })
  },
)

const WIDE = `| one | two | three | four | five |
| --- | --- | --- | --- | --- |
| ${"wide ".repeat(8)} | b | c | d | e |

\`\`\`ts
const line = "${"long ".repeat(40)}"
\`\`\`

${"x".repeat(400)}`
