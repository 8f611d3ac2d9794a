import type { Page } from "playwright-core"
import { describe, expect, test } from "vitest"
import { ADMIN_TOKEN, signIn } from "../helpers/app.ts"
import { ask, createRoom, send } from "../helpers/chat.ts"
import { setNoon } from "../helpers/clock.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"
import { expectSound } from "./sound-page.ts"
import { chromium, lastReply, reads, say, useWeb } from "./web-kit.ts"

const PHONE = { width: 390, height: 844 }
const DESK = { width: 1440, height: 900 }

const RICH = `# A heading

Some **bold** text, \`code\`, a [link](https://example.com), ![a picture](https://example.com/x.png), and $a^2$.[^1]

- one
  1. nested

- [x] done

| left | right |
| :--- | ----: |
| a    |     1 |

> quoted

\`\`\`ts
const answer: number = 42 // a line that is long enough to be wider than the screen of any telephone there is
\`\`\`

[^1]: A note.

مرحبا بالعالم

$$
\\frac{a}{b} = c
$$
`

// Contrast goes with the colours and width with the size, so each state is seen in both of each.
describe.skipIf(chromium === null)("every screen is sound to axe (Chromium is on the PATH)", () => {
  const app = useTestApp({ stripe: true })
  const user = useUser(app, { pro: true })
  const web = useWeb(app)

  const echo = (text: string) => `[[gemini: echo=${JSON.stringify(text)}]]`
  const open = async (path = "/app") => (await web.open(user)).tab(path)

  test("signing in, by code and by what goes wrong", async () => {
    const page = await (await web.open()).tab()
    await reads(page, "h1", "Sign in")
    await expectSoundEverywhere(page)
    web.expectProblem(/ 400 .*\/auth\//)
    await page.getByLabel("Mobile number").fill("12")
    await page.getByLabel("Mobile number").press("Enter")
    await page.getByRole("alert").waitFor()
    await expectSoundEverywhere(page)
    await page.getByLabel("Mobile number").fill(`+1202${Math.floor(2_000_000 + Math.random() * 7_999_999)}`)
    await page.getByLabel("Mobile number").press("Enter")
    await page.getByRole("button", { name: "Fill in" }).waitFor()
    await expectSoundEverywhere(page)
  })

  test("a new chat, the list of conversations, the menus and the dialogs", async () => {
    const room = await createRoom(app, user, { name: "A room of one's own" })
    await ask(app, user, room, echo(RICH))
    const page = await open()
    await reads(page, "h1", "What would you like to know?")
    await expectSoundEverywhere(page)
    await page.keyboard.press("Control+k")
    await page.locator("dialog[open] input").fill("heading")
    await page.locator(".found mark").first().waitFor()
    await expectSoundEverywhere(page)
    await page.locator("dialog").getByLabel("Close").click()
    await page.locator("#rooms .room a").first().click()
    await reads(page, ".hljs-keyword", "const")
    await page.locator(".top-bar h1").click()
    await page.keyboard.press("?")
    await reads(page, "dialog h2", "Keyboard shortcuts")
    await expectSoundEverywhere(page)
    await page.keyboard.press("Escape")
    const options = page.locator(".top-bar").getByLabel(/^Options of/)
    await options.click()
    await page.locator(".top-bar [role=menu]").waitFor()
    await expectSoundEverywhere(page)
    web.expectProblem(/ 404 .*\/share$/)
    await page.getByRole("menuitem", { name: "Share" }).click()
    await page.getByRole("button", { name: "Create link" }).waitFor()
    await expectSoundEverywhere(page)
    await page.getByRole("button", { name: "Create link" }).click()
    await page.getByLabel("Link", { exact: true }).waitFor()
    await expectSoundEverywhere(page)
    await page.keyboard.press("Escape")
    await page.setViewportSize(PHONE)
    await page.getByLabel("Show conversations").click()
    await page.locator("#rooms.shown").waitFor()
    await expectSoundEverywhere(page, [PHONE])
  })

  test("a conversation: at rest, edited, in the making, stopped and failed", async () => {
    const room = await createRoom(app, user, { name: "A conversation" })
    await ask(app, user, room, echo(RICH))
    const page = await open(`/app/chat/${room.id}`)
    await reads(page, ".hljs-keyword", "const")
    await expectSoundEverywhere(page)
    await page.locator(".prompt").hover()
    await page.getByLabel("Edit", { exact: true }).click()
    await page.getByLabel("Edit your message").waitFor()
    await expectSoundEverywhere(page)
    await page.keyboard.press("Escape")
    await page
      .locator("input[type=file]")
      .first()
      .setInputFiles([{ name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("notes") }])
    await expect.poll(() => page.locator(".uploads progress").count()).toBe(0)
    await expectSoundEverywhere(page)
    await say(page, "[[gemini: stall after=3]]")
    await lastReply(page).locator(".prose").waitFor()
    await say(page, "one that waits")
    await reads(page, ".pending", "In line")
    await expectSoundEverywhere(page)
    await page.getByLabel("Stop the reply").click()
    await page.locator(".outcome").first().waitFor()
    await send(app, user, room, "[[gemini: blocked]]")
    await page.locator(".outcome").nth(1).waitFor()
    await expectSoundEverywhere(page)
  })

  test("offline, over the quota, what isn't there, and what was shared", async () => {
    const ada = await signIn(app)
    await setNoon(app.pool)
    const room = await createRoom(app, ada, { name: "To be shared" })
    await ask(app, ada, room, echo("shared words"))
    const { url } = (await ada.http.post(`/chatroom/${room.id}/share`, {})).body
    await app.query("UPDATE usage_counters SET used = 5 WHERE user_id = $1", ada.user.id)
    const window = await web.open(ada)
    const page = await window.tab(`/app/chat/${room.id}`)
    await page.locator(".used-up").waitFor()
    await expectSoundEverywhere(page)
    web.expectProblem(/ERR_INTERNET_DISCONNECTED|ERR_FAILED/)
    await window.context.setOffline(true)
    await reads(page, ".note", "You are offline")
    await expectSoundEverywhere(page)
    await window.context.setOffline(false)
    web.expectProblem(/ 40[04] /)
    const missing = await window.tab("/app/chat/00000000-0000-7000-8000-000000000000")
    await missing.locator(".greeting").waitFor()
    await expectSoundEverywhere(missing)
    const shared = await (await web.open()).tab(new URL(url).pathname)
    await reads(shared, "article", "shared words")
    await expectSoundEverywhere(shared)
  })

  test("the account and its dialogs, of both plans", async () => {
    const page = await open("/app/account")
    await reads(page, ".plan-name", "Pro")
    await expectSoundEverywhere(page)
    await page.getByRole("button", { name: "Import a file" }).click()
    await page.locator("dialog[open]").waitFor()
    await expectSoundEverywhere(page)
    await page.keyboard.press("Escape")
    await page.getByRole("button", { name: "Delete account" }).click()
    await page.locator("dialog[open]").waitFor()
    await expectSoundEverywhere(page)
    const basic = await (await web.open(await signIn(app))).tab("/app/account")
    await reads(basic, ".plan-name", "Basic")
    await expectSoundEverywhere(basic)
  })

  test("the operators' page", async () => {
    const page = await (await web.open()).tab("/admin/sign-in")
    await page.getByLabel("Admin token").fill(ADMIN_TOKEN)
    await expectSoundEverywhere(page)
    await page.getByRole("button", { name: "Sign in" }).click()
    await page.locator(".chart").first().waitFor()
    await expectSoundEverywhere(page)
  })
})

/** In both colours, and in windows of both sizes. */
async function expectSoundEverywhere(page: Page, sizes = [PHONE, DESK]): Promise<void> {
  for (const size of sizes) {
    await page.setViewportSize(size)
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme })
      await expectSound(page, { recoloured: colorScheme === "dark" })
    }
  }
}
