import { describe, expect, test } from "vitest"
import { addRoom } from "../helpers/rooms.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"
import { chromium, useWeb } from "./web-kit.ts"

/**
 * Notes how many messages each change of the page brings, what there is of them when they are seen first, and which of them
 * move afterwards.
 */
const NOTING = `
  window.noted = { turns: [], seen: null, moved: [] }
  new PerformanceObserver((list) => {
    const nodes = list.getEntries().flatMap(({ sources }) => sources.map(({ node }) => node))
    const messages = nodes.filter((node) => (node?.closest ? node : node?.parentElement)?.closest("article"))
    noted.moved.push(...messages.map(({ textContent }) => textContent))
  }).observe({ type: "layout-shift", buffered: true })
  new MutationObserver((changes) => {
    const added = changes.flatMap(({ addedNodes }) => [...addedNodes])
    const count = (node) => (node.matches?.("article") ? 1 : (node.querySelectorAll?.("article").length ?? 0))
    const messages = added.reduce((sum, node) => sum + count(node), 0)
    if (messages > 0) noted.turns.push(messages)
    const list = document.querySelector(".messages")
    if (!noted.seen && list?.querySelector("article") && !list.matches(".filling")) {
      const area = document.querySelector(".scroll")
      noted.seen = { height: area.scrollHeight, window: area.clientHeight }
    }
  }).observe(document, { childList: true, subtree: true, attributes: true })`

/** Waits until movements are told. */
const FRAMES =
  "new Promise((then) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(then))))"

interface Noted {
  turns: number[]
  moved: string[]
  seen: { height: number; window: number } | null
}

describe.skipIf(chromium === null)("opening a conversation (Chromium is on the PATH)", () => {
  const app = useTestApp()
  const user = useUser(app, { pro: true })
  const web = useWeb(app)

  async function open(room: string) {
    const window = await web.open(user)
    await window.context.addInitScript(NOTING)
    const page = await window.tab(`/app/chat/${room}`)
    return { page, noted: () => page.evaluate<Noted>("noted"), articles: page.locator("article") }
  }

  test("messages are written one by one, older ones too, from below, and what is seen stays in its place", async () => {
    const room = await addRoom(app, user.user.id, 200, "Some **bold** text:\n\n- one\n- two\n\nhello")
    const { page, noted, articles } = await open(room)
    await page.locator("article").filter({ hasText: "hello 199" }).waitFor()
    await expect.poll(() => articles.count()).toBe(50)
    await page.evaluate(FRAMES)
    const { seen, turns, moved } = await noted()
    expect(seen?.height).toBe(seen?.window)
    expect(turns).toEqual(Array(50).fill(1))
    expect(moved).toEqual([])
    expect(
      await page.locator(".scroll").evaluate((one) => one.scrollHeight - one.scrollTop - one.clientHeight),
    ).toBeLessThan(2)

    await page.evaluate(`document.querySelector(".scroll").scrollTop = 0`)
    await expect.poll(() => articles.count()).toBeGreaterThanOrEqual(100)
    expect(new Set((await noted()).turns)).toEqual(new Set([1]))
  })

  test("a reader who scrolls up while older ones are being written stays with what is read", async () => {
    const room = await addRoom(app, user.user.id, 50, "Some text:\n\n- one\n- two\n\nhello")
    const window = await web.open(user)
    // Older ones are written when the test says so.
    await window.context.addInitScript(`
      const waiting = new Map()
      let asked = 0
      requestIdleCallback = (run) => { waiting.set(++asked, run); return asked }
      cancelIdleCallback = (at) => waiting.delete(at)
      window.isFilled = () => {
        const area = document.querySelector(".scroll")
        return waiting.size > 0 && area !== null && area.scrollTop > 100
      }
      window.beIdle = () => {
        const runs = [...waiting.values()]
        waiting.clear()
        for (const run of runs) run()
      }`)
    const page = await window.tab(`/app/chat/${room}`)
    const articles = page.locator("article")
    await expect.poll(() => page.evaluate("isFilled()")).toBe(true)
    const top = await page.evaluate<number>(`{
      const area = document.querySelector(".scroll")
      area.scrollTop = 0
      const top = area.querySelector("article").getBoundingClientRect().top
      area.querySelector("article").id = "read"
      beIdle()
      top
    }`)
    await expect
      .poll(async () => {
        await page.evaluate("beIdle()")
        return articles.count()
      })
      .toBe(50)
    const now = await page.locator("#read").evaluate((one) => one.getBoundingClientRect().top)
    expect(Math.abs(now - top)).toBeLessThan(2)
  })

  test("a short one is seen when it is whole", async () => {
    const { page, noted } = await open(await addRoom(app, user.user.id, 4))
    await page.locator("article").filter({ hasText: "hello 0" }).waitFor()
    await page.evaluate(FRAMES)
    const { seen, turns, moved } = await noted()
    expect(turns).toEqual([1, 1, 1, 1])
    expect(seen?.height).toBe(seen?.window)
    expect(moved).toEqual([])
  })

  test("a room in which nothing was said yet waits for nothing", async () => {
    const { page } = await open(await addRoom(app, user.user.id, 0))
    await page.getByLabel("Message", { exact: true }).waitFor()
    await expect.poll(() => page.locator(".column .waiting").count()).toBe(0)
  })
})
