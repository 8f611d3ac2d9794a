import type { Locator, Page } from "playwright-core"
import { describe, expect, test } from "vitest"
import { signIn } from "../helpers/app.ts"
import { ask, createRoom, send, useUpQuota } from "../helpers/chat.ts"
import { addRoom } from "../helpers/rooms.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"
import { chromium, fromEndOf, lastReply, NOTING_GAPS, reads, say, useWeb } from "./web-kit.ts"

describe.skipIf(chromium === null)("a conversation in the web client (Chromium is on the PATH)", () => {
  const app = useTestApp({ stripe: true })
  const user = useUser(app, { pro: true })
  const web = useWeb(app)

  const newRoom = () => createRoom(app, user)
  const openRoom = async (room: { id: string }) => (await web.open(user)).tab(`/app/chat/${room.id}`)
  const directive = (words: string) => `[[gemini: ${words}]]`
  /** A reply of so many numbers, one after the other. */
  const numbers = (count: number) => Array.from({ length: count }, (_, index) => index).join(" ")
  const counting = (count: number) =>
    directive(`chunks=${count} delay=40 echo=${JSON.stringify(numbers(count))}`)

  test("the first message makes the room, and its reply comes live", async () => {
    const page = await (await web.open(user)).tab()
    await say(page, directive(`echo="Hello **there**"`))
    await page.waitForURL(/\/app\/chat\/[\w-]+$/)
    await reads(page, ".reply strong", "there")
    await page.getByLabel("Another reply").waitFor()
    expect(await lastReply(page).locator(".prose").innerText()).toBe("Hello there")
    expect(await page.locator("#rooms .room").first().getAttribute("class")).toContain("open")
  })

  test("a reload in mid-reply, and a second tab, show the same reply to the character", async () => {
    const window = await web.open(user)
    const room = await newRoom()
    const first = await window.tab(`/app/chat/${room.id}`)
    await say(first, `${directive("stall after=30")} ${counting(60)}`)
    const isGrowing = (page: Page) => page.locator("article.growing > .prose").waitFor()
    await isGrowing(first)
    await first.reload()
    const second = await window.tab(`/app/chat/${room.id}`)
    await Promise.all([first, second].map(isGrowing))
    app.gemini.release()
    await Promise.all([first, second].map((page) => page.getByLabel("Another reply").waitFor()))
    for (const page of [first, second]) expect(await textOf(page)).toBe(numbers(60))
  })

  test("all tabs share one stream of the room and one of the list", async () => {
    const window = await web.open(user)
    const room = await newRoom()
    const opened: string[] = []
    window.context.on("request", (request) => {
      if (request.url().endsWith("/events")) opened.push(new URL(request.url()).pathname)
    })
    const tabs = []
    for (let count = 0; count < 8; count += 1) tabs.push(await window.tab(`/app/chat/${room.id}`))
    const [first, ...others] = tabs as [Page, ...Page[]]
    await say(first, counting(20))
    for (const page of [first, ...others]) await page.getByLabel("Another reply").waitFor()
    expect(new Set(await Promise.all(tabs.map(textOf))).size).toBe(1)
    expect(opened.sort()).toEqual([`/chatroom/${room.id}/events`, "/user/me/events"])

    // The next tab in line takes the streams over.
    await first.close()
    await say(others[0] as Page, "hello again")
    for (const page of others) await reads(page, ".prompt .said", "hello again")
    for (const page of others) await expect.poll(() => page.getByLabel("Another reply").count()).toBe(2)
  })

  test("a stopped reply keeps its text", async () => {
    const page = await openRoom(await newRoom())
    await say(page, directive("stall after=3"))
    await lastReply(page).locator(".prose").waitFor()
    await page.getByLabel("Stop the reply").click()
    await reads(page, ".outcome", "Stopped.")
    expect(await textOf(page)).not.toBe("")
  })

  test("what is sent while a reply is made waits in line, and can be taken out of it", async () => {
    const page = await openRoom(await newRoom())
    await say(page, directive("stall after=1"))
    await lastReply(page).locator(".prose").waitFor()
    await say(page, "and then?")
    await reads(page, ".pending", "In line behind the reply before it")
    await page.locator(".pending").getByRole("button", { name: "Remove" }).click()
    await expect.poll(() => page.locator(".prompt").count()).toBe(1)
    expect(await page.locator("article.growing").count()).toBe(1)
  })

  test("a new attempt is told, and the old text stays in sight until there is another", async () => {
    const page = await openRoom(await newRoom())
    await say(page, `${directive("cut after=3 times=1")} ${directive("stall-headers")}`)
    await reads(page, ".reply .note", "starting again")
    expect(await textOf(page)).not.toBe("")
    await page.getByLabel("Stop the reply").click()
    await reads(page, ".outcome", "Stopped")
  })

  test("a failure says what happened, and trying again helps", async () => {
    const page = await openRoom(await newRoom())
    await say(page, directive("blocked times=1"))
    const again = page.locator(".outcome").getByRole("button", { name: "Try again" })
    await again.click()
    await reads(page, ".reply .versions", "2/2")
    await page.getByLabel("Another reply").waitFor()
    expect(await page.locator(".outcome").count()).toBe(0)
  })

  test("another reply and an edited prompt are versions, and the way back is one step", async () => {
    const room = await newRoom()
    await ask(app, user, room, "the first question")
    const page = await openRoom(room)
    await page.getByLabel("Another reply").click()
    await reads(page, ".reply .versions", "2/2")
    await page.locator(".reply").getByLabel("Previous version").click()
    await reads(page, ".reply .versions", "1/2")

    await page.locator(".prompt").hover()
    await page.getByLabel("Edit", { exact: true }).click()
    await page.getByLabel("Edit your message").fill("a better question")
    await page.getByLabel("Edit your message").press("Enter")
    await reads(page, ".prompt .versions", "2/2")
    await reads(page, ".prompt .said", "a better question")
    await page.getByLabel("Another reply").waitFor()
    await page.locator(".prompt").getByLabel("Previous version").click()
    await reads(page, ".prompt .said", "the first question")
    expect(await page.locator("article").count()).toBe(2)
  })

  test("it scrolls along at the end only, and leads back there", async () => {
    const room = await newRoom()
    for (let turn = 0; turn < 4; turn += 1) await ask(app, user, room, `${directive("words=300")} ${turn}`)
    const page = await openRoom(room)
    const fromEnd = () => fromEndOf(page)
    await expect.poll(fromEnd).toBeLessThan(64)
    await page.locator(".scroll").hover()
    await page.mouse.wheel(0, -2_000)
    await page.getByRole("button", { name: "Jump to newest" }).waitFor()
    await user.http.post(`/chatroom/${room.id}/message`, { message: "from another device" })
    await page.getByLabel("Another reply").nth(4).waitFor()
    expect(await fromEnd()).toBeGreaterThan(64)
    await page.getByRole("button", { name: "Jump to newest" }).click()
    await expect.poll(fromEnd).toBeLessThan(64)
  })

  test("a reader who scrolls up a little stays there, also where text comes in the same frame", async () => {
    const room = await addRoom(app, user.user.id, 40, "a line\n\nand another")
    const page = await (await web.open(user)).tab(`/app/chat/${room}`)
    await page.locator("article").nth(39).waitFor()
    const toNewest = page.getByRole("button", { name: "Jump to newest" })
    // The text in one task with the movement, before the browser tells of it.
    const fromEnd = await page.evaluate<number>(`new Promise((then) => {
      const area = document.querySelector(".scroll")
      area.dispatchEvent(new WheelEvent("wheel", { deltaY: -30 }))
      area.scrollTop -= 30
      area.querySelector("article:last-of-type").style.minBlockSize = "500px"
      requestAnimationFrame(() => requestAnimationFrame(() => {
        then(area.scrollHeight - area.scrollTop - area.clientHeight)
      }))
    })`)
    expect(fromEnd).toBeGreaterThan(64)
    await toNewest.click()
    await page.evaluate(`document.querySelector("article:last-of-type").style.minBlockSize = "1000px"`)
    await expect.poll(() => fromEndOf(page)).toBeLessThan(2)
    expect(await toNewest.count()).toBe(0)
  })

  test("a reader who scrolls up a little while a reply grows isn't taken back", async () => {
    const room = await addRoom(app, user.user.id, 40, "a line\n\nand another")
    const page = await (await web.open(user)).tab(`/app/chat/${room}`)
    await page.locator("article").nth(39).waitFor()
    await say(page, `${directive("stall after=500")} ${counting(600)}`)
    await page.locator("article.growing > .prose").waitFor()
    await page.locator(".scroll").hover()
    await page.mouse.wheel(0, -30)
    await page.getByRole("button", { name: "Jump to newest" }).waitFor()
    expect(await fromEndOf(page)).toBeGreaterThan(64)
    await page.getByLabel("Stop the reply").click()
  })

  test("the end stays in sight when a long prompt is sent first, and with each of its versions", async () => {
    const window = await web.open(user)
    await window.context.addInitScript(NOTING_GAPS)
    const page = await window.tab(`/app/chat/${(await newRoom()).id}`)
    const fromEnd = () => fromEndOf(page)
    // Playwright's click may scroll, as a reader does.
    const press = (button: Locator) => button.dispatchEvent("click")
    const lines = Array.from({ length: 300 }, (_, at) => `line ${at}`).join("\n")
    await say(page, lines)
    await page.getByLabel("Another reply").waitFor()
    expect(await page.evaluate("gaps")).toBe(0)
    await expect.poll(fromEnd).toBeLessThan(64)

    await press(page.getByLabel("Edit", { exact: true }))
    await page.getByLabel("Edit your message").fill(lines.replaceAll("line", "word"))
    await page.getByLabel("Edit your message").press("Enter")
    await reads(page, ".prompt:not([data-outgoing]) .said", "word 0")
    await page.getByLabel("Another reply").waitFor()
    await expect.poll(fromEnd).toBeLessThan(64)
    await press(page.locator(".prompt").getByLabel("Previous version"))
    await reads(page, ".prompt .said", "line 0")
    await page.getByLabel("Another reply").waitFor()
    await expect.poll(fromEnd).toBeLessThan(64)
  })

  test("earlier messages come when they are scrolled to, and what is read stays in its place", async () => {
    const room = await newRoom()
    for (let turn = 0; turn < 30; turn += 1) await send(app, user, room, `turn ${turn}`)
    const page = await openRoom(room)
    await page.locator("article").nth(49).waitFor()
    expect(await page.locator("article").count()).toBe(50)
    await page.locator(".scroll").hover()
    await page.mouse.wheel(0, -100_000)
    await expect.poll(() => page.locator("article").count()).toBe(60)
    // What is out of sight has no innerText.
    expect(await page.locator(".prompt .said").first().textContent()).toBe("turn 0")
    expect(await page.locator(".scroll").evaluate((one) => one.scrollTop)).toBeGreaterThan(500)
  })

  test("used-up prompts are said in words, with the way to Pro and back", async () => {
    const ada = await signIn(app)
    const room = await createRoom(app, ada)
    const page = await (await web.open(ada)).tab(`/app/chat/${room.id}`)
    await page.getByLabel("Message", { exact: true }).waitFor()
    await useUpQuota(app, ada)
    web.expectProblem(/ 429 .*\/message$/)
    await say(page, "one more")
    await reads(page, ".unsent .failure", "This message wasn't sent.")
    await reads(page, ".used-up", "You have used today's 5 prompts.")
    const upgrade = page.locator(".used-up").getByRole("button", { name: "Upgrade to Pro" })
    web.expectProblem(new RegExp(app.stripe.url))
    // The test's service doesn't know its own address.
    web.expectProblem(/ 400 .*\/subscribe\/pro$/)
    await Promise.all([page.waitForURL((url) => url.href.startsWith(app.stripe.url)), upgrade.click()])
  })

  const textOf = async (page: Page) =>
    (await lastReply(page).locator(".prose").innerText()).replace(/\s+/g, " ").trim()
})
