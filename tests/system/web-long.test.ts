import type { Page } from "playwright-core"
import { describe, expect, test } from "vitest"
import { addRoom } from "../helpers/rooms.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"
import { chromium, reads, say, useWeb } from "./web-kit.ts"

describe.skipIf(chromium === null)("a long conversation in the web client (Chromium is on the PATH)", () => {
  const app = useTestApp()
  const user = useUser(app, { pro: true })
  const web = useWeb(app)

  /** The numbers of the messages that are shown, and of those in sight. */
  const shown = (page: Page) =>
    page.evaluate<{ all: number[]; seen: number[] }>(`{
      const numbered = [...document.querySelectorAll("article")].map((one) => {
        const { top, bottom } = one.getBoundingClientRect()
        const number = Number(/hello (\\d+)/.exec(one.textContent)?.[1])
        return { number, isSeen: bottom > 60 && top < innerHeight - 120 }
      })
      const seen = numbered.filter(({ isSeen }) => isSeen).map(({ number }) => number)
      const found = { all: numbered.map(({ number }) => number), seen }
      found
    }`)
  const first = async (page: Page) => (await shown(page)).all[0] as number
  const last = async (page: Page) => (await shown(page)).all.at(-1) as number

  test("of 10,000 messages the newest are shown, others come and go, and what is read stays in its place", async () => {
    const room = await addRoom(app, user.user.id, 10_000, "Some **bold** text:\n\n- one\n- two\n\nhello")
    const page = await (await web.open(user)).tab(`/app/chat/${room}`)
    await expect.poll(() => page.locator("article").count()).toBe(50)
    expect(await first(page)).toBe(9_950)

    const scrollTo = (top: string) =>
      page.evaluate(`{
        const area = document.querySelector(".scroll")
        area.scrollTop = ${top}
      }`)
    for (let from = 9_950; from > 9_500; from -= 50) {
      await scrollTo("0")
      await expect.poll(() => first(page)).toBe(from - 50)
      // The message that was the first is where it was: in sight.
      await expect.poll(async () => (await shown(page)).seen).toContain(from)
    }
    // There are never so many that the page becomes slow: the newest have gone meanwhile.
    expect((await shown(page)).all).toEqual(Array.from({ length: 300 }, (_, index) => 9_500 + index))

    for (const to of [9_824, 9_849, 9_874]) {
      const before = await last(page)
      await scrollTo("area.scrollHeight")
      await expect.poll(() => last(page)).toBe(to)
      await expect.poll(async () => (await shown(page)).seen).toContain(before)
    }
    // And back: what was before the first has to be asked for by name.
    await scrollTo("0")
    await expect.poll(() => first(page)).toBeLessThan(9_575)

    await page.getByRole("button", { name: "Jump to newest" }).click()
    await reads(page, "article", "hello 9999")
    await say(page, '[[gemini: echo="at the end"]]')
    await reads(page, ".reply .prose", "at the end")
  })
})
