import { describe, expect, test } from "vitest"
import { ask, createRoom } from "../helpers/chat.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"
import { expectSound } from "./sound-page.ts"
import { chromium, reads, useWeb } from "./web-kit.ts"

describe.skipIf(chromium === null)("a conversation enlarged and on paper (Chromium is on the PATH)", () => {
  const app = useTestApp()
  const user = useUser(app, { pro: true })
  const web = useWeb(app)

  async function open(options = {}) {
    const room = await createRoom(app, user, { name: "A conversation" })
    for (let turn = 1; turn <= 12; turn += 1)
      await ask(app, user, room, `[[gemini: echo="answer ${turn}"]] question ${turn}`)
    const page = await (await web.open(user, options)).tab(`/app/chat/${room.id}`)
    await reads(page, ".prose", "answer 12")
    return page
  }

  test("at 200 % nothing has to be scrolled sideways, and everything is in reach", async () => {
    // A desk of 1440 by 900 has half of that, in its own pixels twice as large.
    const page = await open({ viewport: { width: 720, height: 450 }, deviceScaleFactor: 2 })
    await expectSound(page)
    for (const label of ["Show conversations", "Attach files"])
      expect(await page.getByLabel(label).isVisible()).toBe(true)
    expect(await page.getByLabel("Message", { exact: true }).isVisible()).toBe(true)
  })

  test("printed, it is all of its text and nothing to press", async () => {
    const page = await open()
    await page.emulateMedia({ media: "print" })
    for (const turn of [1, 12]) await reads(page, ".prose", `answer ${turn}`)
    for (const selector of ["#rooms", "textarea", ".actions button"])
      expect(await page.locator(selector).first().isVisible(), selector).toBe(false)
    // As tall as it is, and not one window of it.
    const { height } = (await page.locator(".scroll").boundingBox()) ?? { height: 0 }
    expect(height).toBeGreaterThan(page.viewportSize()?.height ?? Number.POSITIVE_INFINITY)
    const isWhole = `document.querySelector(".scroll").scrollHeight <= document.querySelector(".scroll").clientHeight + 1`
    expect(await page.evaluate(isWhole)).toBe(true)
  })
})
