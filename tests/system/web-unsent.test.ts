import type { Page } from "playwright-core"
import { describe, expect, test } from "vitest"
import { signIn } from "../helpers/app.ts"
import { ask, createRoom } from "../helpers/chat.ts"
import { addRoom } from "../helpers/rooms.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"
import { chromium, lastReply, NOTING_GAPS, reads, say, useWeb } from "./web-kit.ts"

describe.skipIf(chromium === null)("what was written and isn't sent (Chromium is on the PATH)", () => {
  const app = useTestApp()
  const user = useUser(app, { pro: true })
  const web = useWeb(app)

  const openRoom = async (room: { id: string }) => (await web.open(user)).tab(`/app/chat/${room.id}`)

  test("a message that is sent while older ones are shown is kept before the newest are loaded", async () => {
    const id = await addRoom(app, user.user.id, 400)
    const page = await openRoom({ id })
    await expect.poll(() => page.locator("article").count()).toBe(50)
    for (let shown = 100; shown <= 300; shown += 50) {
      await scrollUp(page)
      await expect.poll(() => page.locator("article").count()).toBe(shown)
    }
    await scrollUp(page)
    await page.locator(".older").filter({ hasText: "Loading later messages" }).waitFor()
    // The way to the newest messages never ends.
    await page.route(`**/chatroom/${id}?*`, () => undefined)
    await page.route("**/message", () => undefined)
    await say(page, "not to be lost")
    await expect.poll(() => keptTexts(page)).toContainEqual("not to be lost")
    await page.locator("[data-outgoing]").filter({ hasText: "not to be lost" }).waitFor()
  })

  test("a version that another device chooses is shown, and until then a prompt answers what is shown", async () => {
    const room = await createRoom(app, user)
    const old = await ask(app, user, room, "one way")
    const newer = await ask(app, user, room, "another way", { parentId: null })
    const page = await openRoom(room)
    await reads(page, ".said", "another way")
    await user.http.patch(`/chatroom/${room.id}`, { headId: old.id })
    await reads(page, ".said", "one way")
    // Back again, but what was chosen is long in coming.
    await page.reload()
    await reads(page, ".said", "one way")
    const { promise: loading, resolve: asked } = Promise.withResolvers<void>()
    await page.route(`**/chatroom/${room.id}?*`, () => asked())
    await user.http.patch(`/chatroom/${room.id}`, { headId: newer.id })
    await loading
    await say(page, "on the one way")
    await expect
      .poll(() => app.query("SELECT parent_id FROM messages WHERE content = 'on the one way'"))
      .toEqual([{ parent_id: old.id }])
  })

  test("a first message of which the stream tells before its request is answered is in sight all along", async () => {
    const room = await createRoom(app, user)
    const reply = await ask(app, user, await createRoom(app, user), "for its shape")
    const shape = await user.http.get(`/chatroom/${reply.chatroomId}/message/${reply.parentId}`)
    const { promise: isSent, resolve: send } = Promise.withResolvers<void>()
    const page = await (await web.open(user)).tab()
    let streams = 0
    await page.route(`**/chatroom/${room.id}/events`, async (route) => {
      if (streams++ > 0) return
      await isSent
      const message = {
        ...shape.body,
        id: room.id,
        chatroomId: room.id,
        content: "the first words",
        createdAt: new Date().toISOString(),
      }
      // And not yet of its reply.
      await route.fulfill({
        contentType: "text/event-stream",
        body: `event: message\ndata: ${JSON.stringify(message)}\n\n`,
      })
    })
    await page.route("**/message", () => undefined)
    await page.goto(`${app.url}/app/chat/${room.id}`)
    await say(page, "the first words")
    await page.locator("[data-outgoing]").waitFor()
    await page.evaluate(COUNT_PROMPTS)
    send()
    await page.locator(".prompt:not([data-outgoing])").filter({ hasText: "the first words" }).waitFor()
    expect(await page.evaluate("window.fewest")).toBe(1)
    expect(await page.locator(".prompt").count()).toBe(1)
  })

  test.each([
    { takes: "soon", isSlow: false },
    { takes: "after its copy was shown", isSlow: true },
  ])("what the stream tells while a conversation is loaded, $takes, stays in sight", async ({ isSlow }) => {
    const room = await createRoom(app, user)
    const window = await web.open(user)
    await window.context.addInitScript(HOLDING_TIMERS)
    const page = await window.tab()
    const [read, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    await page.route(`**/chatroom/${room.id}?*`, async (route) => {
      const response = await route.fetch()
      read.resolve()
      await held.promise
      await route.fulfill({ response })
    })
    const isFollowed = page.waitForResponse(`**/chatroom/${room.id}/events`)
    const isLoaded = page.waitForResponse(`**/chatroom/${room.id}?*`)
    await page.locator(`#rooms a[href$="${room.id}"]`).click()
    await Promise.all([read.promise, isFollowed])
    await user.http.patch(`/chatroom/${room.id}`, { name: "named meanwhile" })
    await ask(app, user, room, "said meanwhile")
    await reads(page, ".said", "said meanwhile")
    if (isSlow) {
      await expect.poll(() => keptRooms(page)).toContain(room.id)
      await page.evaluate("runHeld()")
      await reads(page, ".note", "As it was when you last read it here.")
    }
    await page.evaluate(COUNT_PROMPTS)
    held.resolve()
    await (await isLoaded).finished()
    await expect.poll(() => page.locator("main .waiting, main .column > .note").count()).toBe(0)
    await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    expect(await page.evaluate("window.fewest")).toBe(1)
    expect(await page.locator(".top-bar h1").innerText()).toBe("named meanwhile")
  })

  test("what is read of other tabs' messages doesn't take away what is just being written", async () => {
    const window = await web.open(user)
    await window.context.addInitScript(NOTING_GAPS)
    const page = await window.tab(`/app/chat/${(await createRoom(app, user)).id}`)
    await page.route("**/message", () => undefined)
    await page.evaluate(READ_OFTEN)
    await say(page, "just being written")
    await expect.poll(() => keptTexts(page)).toContainEqual("just being written")
    expect(await page.locator("[data-outgoing]").count()).toBe(1)
    expect(await page.evaluate("gaps")).toBe(0)
  })

  test("a message that is taken away while it is refused stays away", async () => {
    const room = await createRoom(app, user)
    const window = await web.open(user)
    const [page, other] = [await window.tab(`/app/chat/${room.id}`), await window.tab(`/app/chat/${room.id}`)]
    const { promise: answered, resolve: answer } = Promise.withResolvers<void>()
    web.expectProblem(/ 409 /)
    // Either tab may be the one that sends it: a tab that has just been opened sends whatever waits.
    await window.context.route("**/message", async (route) => {
      await answered
      await route.fulfill({
        status: 409,
        contentType: "application/problem+json",
        body: JSON.stringify({ status: 409, code: "model_unavailable", title: "no", detail: "no" }),
      })
    })
    await say(page, "never mind")
    const sent = page.locator("[data-outgoing]").filter({ hasText: "never mind" })
    await sent.waitFor()
    expect(await sent.getByRole("button", { name: "Delete" }).count()).toBe(0)
    await other.locator("[data-outgoing]").filter({ hasText: "never mind" }).waitFor()
    answer()
    await sent.getByRole("button", { name: "Delete" }).click()
    for (const tab of [page, other]) await expect.poll(() => tab.locator("[data-outgoing]").count()).toBe(0)
    expect(await keptTexts(page)).toEqual([])
  })

  test("what isn't sent outlives a session that the user hasn't ended", async () => {
    const ann = await signIn(app)
    const room = await createRoom(app, ann)
    const window = await web.open(ann)
    const page = await window.tab(`/app/chat/${room.id}`)
    web.expectProblem(
      /ERR_CONNECTION_FAILED|ERR_INCOMPLETE_CHUNKED_ENCODING| 401 | 503 .*events$| 409 .*signup$/,
    )
    await page.route("**/message", (route) => route.abort("connectionfailed"))
    await say(page, "written before")
    await expect.poll(() => keptTexts(page)).toEqual(["written before"])
    await page.getByLabel("Message", { exact: true }).fill("half a thought")
    // As the service does where it is shown a refresh token that was used before.
    await ann.http.post("/auth/logout")
    await page.reload()
    await reads(page, "h1", "Sign in")
    await page.unroute("**/message")
    await page.getByLabel("Mobile number").fill(ann.user.mobileNumber)
    await page.getByLabel("Mobile number").press("Enter")
    await page.getByRole("button", { name: "Fill in" }).click()
    await reads(page, ".said", "written before")
    await page.getByLabel("Another reply").waitFor()
    expect(await page.getByLabel("Message", { exact: true }).inputValue()).toBe("half a thought")
  })

  test("a draft goes with its room, and a temporary room keeps none", async () => {
    const [gone, passing] = [await createRoom(app, user), await createRoom(app, user, { temporary: true })]
    const window = await web.open(user)
    const page = await window.tab(`/app/chat/${gone.id}`)
    await page.getByLabel("Message", { exact: true }).fill("words for a room that goes")
    expect(await storedValues(page)).toContain("words for a room that goes")
    await page.goto(`${app.url}/app/chat/${passing.id}`)
    await page.locator(".temporary-note").waitFor()
    await page.getByLabel("Message", { exact: true }).fill("words that leave no trace")
    expect(await storedValues(page)).not.toContain("words that leave no trace")
    // Deleted while no tab of this browser is open.
    await page.close()
    await user.http.delete(`/chatroom/${gone.id}`)
    web.expectProblem(/ 404 /)
    const later = await window.tab("/app")
    await expect.poll(() => storedValues(later)).not.toContain("words for a room that goes")
  })

  test("an edit that the service refuses stays in its form", async () => {
    const room = await createRoom(app, user)
    const page = await openRoom(room)
    await say(page, "[[gemini: stall after=1]]")
    await lastReply(page).locator(".prose").waitFor()
    await say(page, "and then")
    await reads(page, ".pending", "In line behind the reply before it")
    web.expectProblem(/ 503 /)
    await page.route("**/message/*", (route) =>
      route.request().method() === "PATCH" ? route.fulfill({ status: 503 }) : route.continue(),
    )
    const prompt = page.locator("article.prompt").last()
    await prompt.hover()
    await prompt.getByLabel("Edit", { exact: true }).click()
    const field = page.locator(".edit textarea")
    await field.fill("and then what")
    await field.press("Enter")
    await page.locator(".edit .problem").waitFor()
    expect(await field.inputValue()).toBe("and then what")
    // One that is too long isn't asked for at all.
    await field.fill("x".repeat(32_001))
    await field.press("Enter")
    await reads(page, ".edit .problem", "32,001")
    await field.fill("and then what")
    await page.unroute("**/message/*")
    await field.press("Enter")
    await reads(page, ".said", "and then what")
    expect(await page.locator(".edit").count()).toBe(0)
  })
})

const scrollUp = (page: Page) =>
  page.evaluate(`{
    const area = document.querySelector(".scroll")
    area.scrollTop = 0
  }`)

const storedValues = (page: Page) => page.evaluate<string[]>("Object.values(localStorage)")

const keptTexts = async (page: Page) =>
  (await allIn<{ text: string }>(page, "outbox")).map(({ text }) => text)

const keptRooms = async (page: Page) => (await allIn<{ id: string }>(page, "rooms")).map(({ id }) => id)

/** What a store of the browser's database has. */
const allIn = <T>(page: Page, store: string) =>
  page.evaluate<T[]>(`new Promise((resolve) => {
    const opening = indexedDB.open("chat")
    opening.onsuccess = () => {
      const all = opening.result.transaction("${store}").objectStore("${store}").getAll()
      all.onsuccess = () => { opening.result.close(); resolve(all.result) }
    }
  })`)

/** Timers of two seconds, after which a load is slow, run when the test says so. */
const HOLDING_TIMERS = `{
  const held = []
  const set = setTimeout
  window.setTimeout = (run, ms, ...rest) => (ms === 2_000 ? held.push(run) : set(run, ms, ...rest))
  window.runHeld = () => {
    for (const run of held.splice(0)) run()
  }
}`

/** A script that keeps count of the fewest prompts in sight from now on. */
const COUNT_PROMPTS = `{
  const count = () => document.querySelectorAll(".prompt").length
  window.fewest = count()
  new MutationObserver(() => {
    window.fewest = Math.min(window.fewest, count())
  }).observe(document.body, { childList: true, subtree: true })
}`

/** Has what all tabs have written read again and again, from when a text is typed. */
const READ_OFTEN = `
  addEventListener("input", () => {
    const otherTab = new BroadcastChannel("chat.outbox")
    for (let time = 0; time < 300; time += 1) otherTab.postMessage(null)
  })`
