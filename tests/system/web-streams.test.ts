import type { Page } from "playwright-core"
import { describe, expect, test } from "vitest"
import { signIn } from "../helpers/app.ts"
import { createRoom, makePro, send } from "../helpers/chat.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"
import { chromium, lastReply, reads, say, useWeb } from "./web-kit.ts"

describe.skipIf(chromium === null)("the streams of the web client (Chromium is on the PATH)", () => {
  const app = useTestApp()
  const user = useUser(app, { pro: true })
  const web = useWeb(app)

  const numbers = (count: number) => Array.from({ length: count }, (_, index) => index).join(" ")
  const counting = (count: number) =>
    `[[gemini: chunks=${count} delay=40 echo=${JSON.stringify(numbers(count))}]]`
  /** The same, standing still half-way until it is released. */
  const halting = (count: number) => `[[gemini: stall after=${count / 2}]] ${counting(count)}`
  const textOf = async (page: Page) =>
    (await lastReply(page).locator(".prose").innerText()).replace(/\s+/g, " ").trim()
  const isGrowing = (page: Page) => page.locator("article.growing > .prose").waitFor()
  const isDone = (page: Page) => page.getByLabel("Another reply").waitFor()

  test("eight windows on eight rooms stay live by three streams and one renewal, and leave room for requests", async () => {
    const eve = await signIn(app)
    await makePro(app, eve)
    const window = await web.open({ ...eve, token: `${eve.token}x` })
    web.expectProblem(/ 401 /)
    const renewals: string[] = []
    const open = new Set<unknown>()
    let most = 0
    window.context.on("request", (request) => {
      if (request.url().endsWith("/auth/refresh")) renewals.push(request.url())
    })
    window.context.on("response", (response) => {
      if (!response.url().endsWith("/events") || response.status() !== 200) return
      open.add(response.request())
      most = Math.max(most, open.size)
    })
    for (const ended of ["requestfinished", "requestfailed"] as const)
      window.context.on(ended as "requestfinished", (request) => open.delete(request))
    const first = await window.tab()
    await reads(first, "#rooms .note", "Your conversations")
    const rooms = []
    for (let count = 0; count < 8; count += 1) rooms.push(await createRoom(app, eve))
    const tabs = await Promise.all(rooms.map(({ id }) => window.tab(`/app/chat/${id}`)))
    for (const tab of tabs) await tab.getByLabel("Message", { exact: true }).waitFor()
    await Promise.all(rooms.map((room) => send(app, eve, room, counting(20))))
    await Promise.all(tabs.map(isDone))
    expect(await Promise.all(tabs.map(textOf))).toEqual(rooms.map(() => numbers(20)))

    // The one that is used follows to the character, whichever it is.
    for (const page of [tabs[7], tabs[0]] as Page[]) {
      await say(page, halting(30))
      await isGrowing(page)
      app.gemini.release()
      await expect.poll(() => page.getByLabel("Another reply").count()).toBe(2)
      expect(await textOf(page)).toBe(numbers(30))
    }
    expect(renewals).toHaveLength(1)
    // A place that changes hands may count twice for a moment.
    expect(most).toBeLessThanOrEqual(4)
  })

  test("a second device is live, too", async () => {
    const room = await createRoom(app, user)
    const [here, there] = await Promise.all(
      [1, 2].map(async () => (await web.open(user)).tab(`/app/chat/${room.id}`)),
    )
    await say(here as Page, counting(20))
    for (const page of [here, there] as Page[]) {
      await reads(page, ".prompt .said", "gemini")
      await isDone(page)
      expect(await textOf(page)).toBe(numbers(20))
    }
  })

  test("a page that was frozen in mid-reply goes on to the character", async () => {
    const room = await createRoom(app, user)
    const window = await web.open(user)
    const page = await window.tab(`/app/chat/${room.id}`)
    await say(page, halting(60))
    await isGrowing(page)
    const devtools = await window.context.newCDPSession(page)
    await devtools.send("Page.setWebLifecycleState", { state: "frozen" })
    app.gemini.release()
    const { body } = await user.http.get(`/chatroom/${room.id}`)
    const reply = `/chatroom/${room.id}/message/${body.headId}`
    await expect.poll(async () => (await user.http.get(reply)).body.status).toBe("completed")
    await send(app, user, room, "said meanwhile")
    await devtools.send("Page.setWebLifecycleState", { state: "active" })
    await reads(page, ".prompt .said", "said meanwhile")
    await expect.poll(() => page.getByLabel("Another reply").count()).toBe(2)
    expect((await page.locator(".prose").first().innerText()).replace(/\s+/g, " ")).toBe(numbers(60))
  })

  test("a network that goes and comes in mid-reply loses no character and doubles none", async () => {
    const room = await createRoom(app, user)
    const window = await web.open(user)
    const page = await window.tab(`/app/chat/${room.id}`)
    web.expectProblem(/ERR_INTERNET_DISCONNECTED/)
    await say(page, halting(80))
    await isGrowing(page)
    await window.context.setOffline(true)
    await reads(page, ".note", "You are offline")
    app.gemini.release()
    await window.context.setOffline(false)
    await isDone(page)
    expect(await textOf(page)).toBe(numbers(80))
  })

  test("a reply that was resumed after a reload is stopped, and keeps its text", async () => {
    const room = await createRoom(app, user)
    const page = await (await web.open(user)).tab(`/app/chat/${room.id}`)
    await say(page, "[[gemini: stall after=4]]")
    await isGrowing(page)
    await page.reload()
    await isGrowing(page)
    const before = await textOf(page)
    await page.getByLabel("Stop the reply").click()
    await reads(page, ".outcome", "Stopped.")
    expect(await textOf(page)).toBe(before)
    await page.reload()
    await reads(page, ".outcome", "Stopped.")
    expect(await textOf(page)).toBe(before)
  })

  test("every tab says that the service is away, until it is back", async () => {
    const room = await createRoom(app, user)
    const window = await web.open(user)
    web.expectProblem(/ERR_CONNECTION_REFUSED/)
    await window.context.route("**/events", (route) => route.abort("connectionrefused"))
    const tabs = [await window.tab(`/app/chat/${room.id}`), await window.tab(`/app/chat/${room.id}`)]
    for (const tab of tabs) await reads(tab, ".stream-note", "The service can't be reached. Trying again")
    await window.context.unroute("**/events")
    for (const tab of tabs) await tab.locator(".stream-note").waitFor({ state: "detached" })
    await send(app, user, room, "after all")
    for (const tab of tabs) await reads(tab, ".said", "after all")
  })

  test("a window that gives way to newer streams says so, and follows again when it is used", async () => {
    const dan = await signIn(app)
    const room = await createRoom(app, dan)
    const window = await web.open(dan)
    const opened: string[] = []
    window.context.on("request", (request) => {
      if (request.url().endsWith("/events")) opened.push(request.url())
    })
    const page = await window.tab(`/app/chat/${room.id}`)
    await expect.poll(() => app.ctx.streamLimit.count()).toBeGreaterThanOrEqual(2)
    const leaving = new AbortController()
    const headers = { Authorization: `Bearer ${dan.token}` }
    for (let count = 0; count < app.ctx.config.http.streamsPerUser; count += 1)
      await fetch(`${app.url}/chatroom/${room.id}/events`, { headers, signal: leaving.signal })
    await reads(page, ".stream-note", "no longer follows")
    const before = opened.length
    leaving.abort()
    // What happens meanwhile isn't seen, until somebody uses the window.
    await send(app, dan, room, "from elsewhere")
    await page.getByRole("button", { name: "Follow again" }).click()
    await reads(page, ".prompt .said", "from elsewhere")
    await isDone(page)
    expect(await page.locator(".stream-note").count()).toBe(0)
    expect(before).toBe(2)
  })
})
