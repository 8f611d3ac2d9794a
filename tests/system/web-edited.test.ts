import type { Page } from "playwright-core"
import { describe, expect, test } from "vitest"
import { ask, createRoom } from "../helpers/chat.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"
import { chromium, fromEndOf, reads, STILL, useWeb } from "./web-kit.ts"

describe.skipIf(chromium === null)("an edited prompt in the web client (Chromium is on the PATH)", () => {
  const app = useTestApp({ stripe: true })
  const user = useUser(app, { pro: true })
  const web = useWeb(app)

  async function openAsked() {
    const room = await createRoom(app, user)
    await ask(app, user, room, "how it was")
    await ask(app, user, room, "and then")
    const window = await web.open(user)
    await window.context.addInitScript(NOTING_BOTH)
    const page = await window.tab(`/app/chat/${room.id}`)
    await reads(page, ".said", "and then")
    return { window, room, page }
  }

  /** How often the old prompt was there beside the new one, or neither. */
  const mixed = (page: Page) => page.evaluate<number>("mixed")
  const prompts = (page: Page) => page.locator(".said").allTextContents()

  test("it takes the old one's place as it is sent, whenever the room is loaded again", async () => {
    const { room, page } = await openAsked()
    const { promise: held, resolve: letGo } = Promise.withResolvers<void>()
    await page.route(`**/chatroom/${room.id}?*`, async (route) => {
      await held
      await route.continue()
    })
    const taken = page.waitForResponse("**/subscription/status")
    await edit(page, "how it was", "how it is")
    // The prompts of the day are counted anew after the message has left the outbox.
    await taken
    expect(await prompts(page)).toEqual(["how it is"])
    letGo()
    await reads(page, ".prompt .versions", "2/2")
    await page.getByLabel("Another reply").waitFor()
    expect(await prompts(page)).toEqual(["how it is"])
    expect(await mixed(page)).toBe(0)
  })

  test("the conversation is back where it is refused", async () => {
    const { page } = await openAsked()
    await page.route("**/message", (route) =>
      route.fulfill({
        status: 409,
        contentType: "application/problem+json",
        body: JSON.stringify({ status: 409, code: "model_unavailable", title: "no", detail: "no" }),
      }),
    )
    web.expectProblem(/409 \(Conflict\)/)
    await edit(page, "how it was", "how it is")
    await page.locator(".unsent").waitFor()
    expect(await prompts(page)).toEqual(["how it was", "and then", "how it is"])
  })

  test("its form opens where it stands, also at the end, which is followed again afterwards", async () => {
    const room = await createRoom(app, user)
    for (const n of [1, 2, 3]) await ask(app, user, room, `[[gemini: words=50]] ${n}`)
    const page = await (await web.open(user)).tab(`/app/chat/${room.id}`)
    await page.getByLabel("Another reply").nth(2).waitFor()
    const below = () => page.evaluate<number>(BELOW)
    // Closer to the top than the form is higher than the prompt.
    await page.evaluate(`{
      const reply = [...document.querySelectorAll("article.reply")].at(-1)
      reply.style.minBlockSize = reply.getBoundingClientRect().height + (${BELOW}) - 20 + "px"
    }`)
    await expect.poll(below).toBeCloseTo(20, 0)
    await page.locator(".prompt").last().getByLabel("Edit", { exact: true }).dispatchEvent("click")
    await page.getByLabel("Edit your message").waitFor()
    await page.evaluate(STILL)
    expect(await below()).toBeCloseTo(20, 0)
    await page.getByLabel("Edit your message").press("Escape")
    await page.evaluate(STILL)
    await user.http.post(`/chatroom/${room.id}/message`, { message: "from another device" })
    await page.getByLabel("Another reply").nth(3).waitFor()
    await expect.poll(() => fromEndOf(page)).toBeLessThan(2)
  })

  test("the conversation stays while it waits for the service", async () => {
    const { window, page } = await openAsked()
    web.expectProblem(/ERR_INTERNET_DISCONNECTED/)
    const field = await openForm(page, "how it was")
    await window.context.setOffline(true)
    await field.fill("how it is")
    await field.press("Enter")
    await reads(page, "[data-outgoing]", "Waiting to be sent")
    expect(await prompts(page)).toEqual(["how it was", "and then", "how it is"])
    await window.context.setOffline(false)
    await reads(page, ".prompt .versions", "2/2")
    expect(await prompts(page)).toEqual(["how it is"])
  })
})

async function openForm(page: Page, text: string) {
  const prompt = page.locator(".prompt").filter({ hasText: text })
  await prompt.hover()
  await prompt.getByLabel("Edit", { exact: true }).click()
  const field = page.getByLabel("Edit your message")
  await field.waitFor()
  return field
}

async function edit(page: Page, text: string, to: string): Promise<void> {
  const field = await openForm(page, text)
  await field.fill(to)
  await field.press("Enter")
}

/** A page's script that counts the moments in which a version and the one before it are there both, or neither. */
const NOTING_BOTH = `
  window.mixed = 0
  let isSent = false
  new MutationObserver(() => {
    const texts = [...document.querySelectorAll(".said")].map((said) => said.textContent)
    const [isOld, isNew] = ["how it was", "how it is"].map((text) => texts.includes(text))
    isSent ||= isNew
    if (isSent && isOld === isNew) mixed += 1
  }).observe(document, { childList: true, subtree: true, characterData: true })`

/** How far the last prompt is below the top of what is scrolled, in px. */
const BELOW = `[...document.querySelectorAll(".prompt")].at(-1).getBoundingClientRect().top
  - document.querySelector(".scroll").getBoundingClientRect().top`
