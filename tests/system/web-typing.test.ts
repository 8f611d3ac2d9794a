import { describe, expect, test } from "vitest"
import { createRoom } from "../helpers/chat.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"
import { chromium, lastReply, say, useWeb } from "./web-kit.ts"

const PARAGRAPHS = 300

describe.skipIf(chromium === null)("a long reply in the web client (Chromium is on the PATH)", () => {
  const app = useTestApp()
  const user = useUser(app, { pro: true })
  const web = useWeb(app)

  const open = async () => (await web.open(user)).tab(`/app/chat/${(await createRoom(app, user)).id}`)
  const paragraphs = Array.from({ length: PARAGRAPHS }, (_, at) => `**Paragraph ${at}** says \`${at}\`.`)
  const reply = (chunks: number, delay: number) =>
    `[[gemini: chunks=${chunks} delay=${delay} echo=${JSON.stringify(paragraphs.join("\n\n"))}]]`

  test("a piece writes the last blocks and no others, and the end none", async () => {
    const page = await open()
    await page.evaluate(COUNT_WRITES)
    await say(page, reply(PARAGRAPHS, 5))
    await page.getByLabel("Another reply").waitFor()
    expect(await lastReply(page).locator(".block").count()).toBe(PARAGRAPHS)
    expect(await lastReply(page).locator(".block").allTextContents()).toEqual(
      paragraphs.map((_, at) => `Paragraph ${at} says ${at}.\n`),
    )
    // A block is written when it begins, when it is whole and with the pieces between. All of them each time were 45,000.
    const writes = await page.evaluate("writes")
    expect(writes).toBeGreaterThanOrEqual(PARAGRAPHS)
    expect(writes).toBeLessThan(4 * PARAGRAPHS)
  })

  test("typing is answered meanwhile, and the end stays in sight when the field becomes lower again", async () => {
    const page = await open()
    await say(page, reply(3_000, 10))
    await lastReply(page).locator(".block").nth(20).waitFor()
    const field = page.getByLabel("Message", { exact: true })
    const lines = "one line\ntwo lines\nthree lines"
    await field.fill(lines)
    await field.pressSequentially(" and more")
    expect(await field.inputValue()).toBe(`${lines} and more`)
    expect(await page.locator("article.growing").count()).toBe(1)
    const blocks = () => lastReply(page).locator(".block").count()
    await field.fill("")
    const before = await blocks()
    await expect.poll(blocks).toBeGreaterThan(before + 20)
    const isAtEnd = () =>
      page.locator(".scroll").evaluate((one) => one.scrollHeight - one.scrollTop - one.clientHeight < 64)
    await expect.poll(isAtEnd).toBe(true)
    await page.getByLabel("Stop the reply").click()
    await page.getByLabel("Another reply").waitFor()
    expect(await page.getByRole("button", { name: "Jump to newest" }).count()).toBe(0)
  })
})

/** Counts how often a block's HTML is written. */
const COUNT_WRITES = `
  globalThis.writes = 0
  const { get, set } = Object.getOwnPropertyDescriptor(Element.prototype, "innerHTML")
  Object.defineProperty(Element.prototype, "innerHTML", { get, set(html) {
    if (this.className === "block") writes += 1
    set.call(this, html)
  }, configurable: true })
`
