import type { BrowserContext, Page } from "playwright-core"
import { describe, expect, test } from "vitest"
import { newMobileNumber, type SignedIn, signIn } from "../helpers/app.ts"
import { ask, createRoom, makePro, useUpQuota } from "../helpers/chat.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"
import { expectSound } from "./sound-page.ts"
import { chromium, reads, say, useWeb } from "./web-kit.ts"

const DAY_MS = 24 * 60 * 60 * 1000

describe.skipIf(chromium === null)("the web client without a network (Chromium is on the PATH)", () => {
  const app = useTestApp({ config: { plans: { basicDailyPrompts: 5 } } })
  const user = useUser(app, { pro: true })
  const web = useWeb(app, { withWorker: true })

  const isKept = (page: Page) => page.evaluate("navigator.serviceWorker.ready.then(() => true)")
  const storedPrompts = async (room: { id: string }, text: string) =>
    (
      await app.query(
        "SELECT 1 FROM messages WHERE chatroom_id = $1 AND role = 'user' AND content = $2",
        room.id,
        text,
      )
    ).length
  const keptRooms = (page: Page) => read<{ id: string }>(page, "rooms")
  const keptOutbox = (page: Page) => read<{ text: string }>(page, "outbox")
  const waits = (page: Page, text: string) =>
    page.locator("[data-outgoing]").filter({ hasText: text }).getByText("Waiting to be sent").waitFor()
  const expectOffline = () => web.expectProblem(/ERR_INTERNET_DISCONNECTED|ERR_FAILED/)

  /** A window that has the page and a room for offline use. */
  async function openKept(path: string, owner: SignedIn = user) {
    const window = await web.open(owner)
    const page = await window.tab(path)
    await page.getByLabel("Message", { exact: true }).waitFor()
    // What shows messages is a part of its own.
    await expect.poll(() => page.locator("main .waiting").count()).toBe(0)
    await isKept(page)
    expectOffline()
    return { window, page, context: window.context }
  }

  test("the page and the rooms that were read open offline; others say why not", async () => {
    const [read, unread] = [
      await createRoom(app, user, { name: "read before" }),
      await createRoom(app, user, { name: "never read" }),
    ]
    await ask(app, user, read, '[[gemini: echo="kept words"]]')
    const { page, context } = await openKept(`/app/chat/${read.id}`)
    await reads(page, ".prose", "kept words")
    await expect.poll(async () => (await keptRooms(page)).map(({ id }) => id)).toContain(read.id)
    await context.setOffline(true)
    await page.reload()
    await reads(page, ".prose", "kept words")
    await reads(page, ".note", "You are offline")
    await reads(page, ".note", "As it was when you last read it here.")
    await page.locator("#rooms .room").filter({ hasText: "never read" }).locator("a").click()
    await reads(page, ".greeting", "This conversation isn't on this device.")
    expect(unread.id).not.toBe(read.id)
    await context.setOffline(false)
    await page.getByRole("button", { name: "Try again" }).click()
    await expect.poll(() => page.locator(".greeting").count()).toBe(0)
  })

  test("a part of the page that couldn't be loaded comes with the network", async () => {
    const room = await createRoom(app, user)
    await ask(app, user, room, '[[gemini: echo="worth waiting for"]]')
    const window = await web.open(user)
    expectOffline()
    // A new chat would load the part ahead.
    const page = await window.tab("/app/account")
    await page.locator(`#rooms a[href$="${room.id}"]`).waitFor()
    await page.route("**/messages-*.js", (route) => route.abort("internetdisconnected"))
    await page.locator(`#rooms a[href$="${room.id}"]`).click()
    await page.locator("main .waiting").waitFor()
    await window.context.setOffline(true)
    await page.unroute("**/messages-*.js")
    await window.context.setOffline(false)
    await reads(page, ".prose", "worth waiting for")
  })

  test("what is written offline survives a reload and a closed tab, and is sent once, in order, by one tab", async () => {
    const room = await createRoom(app, user)
    const { window, page, context } = await openKept(`/app/chat/${room.id}`)
    await context.setOffline(true)
    await say(page, "first of two")
    await waits(page, "first of two")
    await page.reload()
    await waits(page, "first of two")
    await say(page, "second of two")
    await say(page, "to be taken back")
    await waits(page, "to be taken back")
    await page
      .locator("[data-outgoing]")
      .filter({ hasText: "to be taken back" })
      .getByRole("button", { name: "Delete" })
      .click()
    await expect
      .poll(async () => (await keptOutbox(page)).map(({ text }) => text))
      .toEqual(["first of two", "second of two"])
    await page.close()
    const [one, other] = [await window.tab(`/app/chat/${room.id}`), await window.tab(`/app/chat/${room.id}`)]
    for (const tab of [one, other]) await waits(tab, "second of two")
    await context.setOffline(false)
    for (const tab of [one, other]) await expect.poll(() => tab.getByLabel("Another reply").count()).toBe(2)
    expect(await one.locator(".prompt .said").allInnerTexts()).toEqual(["first of two", "second of two"])
    for (const text of ["first of two", "second of two"]) expect(await storedPrompts(room, text)).toBe(1)
    expect(await storedPrompts(room, "to be taken back")).toBe(0)
    await expect.poll(() => keptOutbox(one)).toEqual([])
  })

  test("a prompt whose answer was lost is stored once, though it is sent again", async () => {
    const room = await createRoom(app, user)
    const { page, context } = await openKept(`/app/chat/${room.id}`)
    let lost = 0
    await page.route("**/message", async (route) => {
      if (route.request().method() !== "POST" || lost > 0) return route.continue()
      lost += 1
      await route.fetch()
      await route.abort("connectionfailed")
    })
    web.expectProblem(/ERR_CONNECTION_FAILED/)
    await say(page, "once and only once")
    await expect.poll(() => storedPrompts(room, "once and only once")).toBe(1)
    await wake(context, page)
    await page.getByLabel("Another reply").waitFor()
    await expect.poll(() => keptOutbox(page)).toEqual([])
    expect(await page.locator(".prompt .said").allInnerTexts()).toEqual(["once and only once"])
    expect(await storedPrompts(room, "once and only once")).toBe(1)
    expect(lost).toBe(1)
  })

  test("the first message of a new chat waits, too, and makes its room once", async () => {
    const { page, context } = await openKept("/app")
    await context.setOffline(true)
    await say(page, "a new beginning")
    await waits(page, "a new beginning")
    await expect.poll(async () => (await keptOutbox(page)).length).toBe(1)
    await page.reload()
    await waits(page, "a new beginning")
    await context.setOffline(false)
    await page.waitForURL(/\/app\/chat\/[\w-]+$/)
    await page.getByLabel("Another reply").waitFor()
    const rooms = await app.query("SELECT chatroom_id FROM messages WHERE content = 'a new beginning'")
    expect(rooms).toHaveLength(1)
  })

  test("a message that has waited for a day is sent only when somebody says so", async () => {
    const room = await createRoom(app, user)
    const { page, context } = await openKept(`/app/chat/${room.id}`)
    await context.setOffline(true)
    await say(page, "from long ago")
    await waits(page, "from long ago")
    await expect.poll(async () => (await keptOutbox(page)).length).toBe(1)
    await age(page, DAY_MS)
    await page.reload()
    await reads(page, "[data-outgoing]", "not sent since")
    await expectSound(page)
    await context.setOffline(false)
    // What is written later waits behind it.
    await say(page, "from today")
    await page.locator("[data-outgoing]").filter({ hasText: "from today" }).waitFor()
    expect(await storedPrompts(room, "from long ago")).toBe(0)
    await page.getByRole("button", { name: "Send now" }).click()
    await expect.poll(() => page.getByLabel("Another reply").count()).toBe(2)
    expect(await page.locator(".prompt .said").allInnerTexts()).toEqual(["from long ago", "from today"])
  })

  test("a message that is refused says why, holds those behind it, and goes when that is mended", async () => {
    const ada = await signIn(app)
    const room = await createRoom(app, ada)
    const window = await web.open(ada)
    const page = await window.tab(`/app/chat/${room.id}`)
    await isKept(page)
    expectOffline()
    web.expectProblem(/ 429 .*\/message$/)
    await window.context.setOffline(true)
    await say(page, "one more")
    await say(page, "and another")
    await waits(page, "and another")
    await useUpQuota(app, ada)
    await window.context.setOffline(false)
    await reads(page, ".unsent .failure", "This message wasn't sent.")
    await reads(page, "[data-outgoing]", "Waits for the message above")
    await page.locator(".unsent").getByRole("button", { name: "Delete" }).click()
    await reads(page, ".unsent .said", "and another")
    expect(await page.locator("[data-outgoing]").count()).toBe(1)
    // It can't be sent again now. With the first prompt that there is it goes by itself.
    await page.locator(".unsent").getByRole("button", { name: "Upgrade" }).waitFor()
    await makePro(app, ada)
    await page.reload()
    await page.getByLabel("Another reply").waitFor()
    expect(await page.locator(".prompt .said").allInnerTexts()).toEqual(["and another"])
    expect(await page.locator("[data-outgoing]").count()).toBe(0)
  })

  test("signing out erases what was kept, and another user finds nothing of it", async () => {
    const ann = await signIn(app)
    const room = await createRoom(app, ann, { name: "a secret" })
    await ask(app, ann, room, "words of the first user")
    const { page, context } = await openKept(`/app/chat/${room.id}`, ann)
    await expect.poll(async () => (await keptRooms(page)).length).toBeGreaterThan(0)
    await context.setOffline(true)
    await say(page, "never to be sent")
    await waits(page, "never to be sent")
    await page.getByLabel("Message", { exact: true }).fill("a draft")
    await page.goto(`${app.url}/app/account`)
    await page.getByRole("button", { name: "Sign out" }).click()
    await reads(page, ".toast", "1 message waits to be sent and would be lost.")
    await page.getByRole("button", { name: "Sign out anyway" }).click()
    await reads(page, "h1", "Sign in")
    await expect.poll(() => keptRooms(page)).toEqual([])
    await expect.poll(() => keptOutbox(page)).toEqual([])
    await context.setOffline(false)
    await page.getByLabel("Mobile number").fill(newMobileNumber())
    await page.getByLabel("Mobile number").press("Enter")
    await page.getByRole("button", { name: "Fill in" }).click()
    await reads(page, "#rooms .note", "Your conversations will be listed here.")
    expect(await storedPrompts(room, "never to be sent")).toBe(0)
    // The session has ended at the service, too, as soon as that could be reached.
    await expect.poll(async () => (await ann.http.get("/user/me")).status).toBe(401)
  })

  test("a temporary room is never kept", async () => {
    const room = await createRoom(app, user, { temporary: true })
    const other = await createRoom(app, user)
    const { page } = await openKept(`/app/chat/${room.id}`)
    await say(page, "gone tomorrow")
    await page.getByLabel("Another reply").waitFor()
    await page.locator(`#rooms a[href$="${other.id}"]`).click()
    await expect.poll(async () => (await keptRooms(page)).map(({ id }) => id)).toContain(other.id)
    expect((await keptRooms(page)).map(({ id }) => id)).not.toContain(room.id)
  })

  test("a part that a new build has taken away leads to the new page", async () => {
    const window = await web.open(user, { serviceWorkers: "block" })
    web.expectProblem(/ 404 |blocked by Playwright/)
    const page = await window.tab()
    await page.getByLabel("Message", { exact: true }).waitFor()
    await page.route("**/search-dialog-*.js", (route) => route.fulfill({ status: 404 }))
    await page.keyboard.press("Control+k")
    await page.locator(".toast").getByRole("button", { name: "Load the page again" }).waitFor()
  })

  test("it can be installed: a manifest with its icons, and a worker for all of /app", async () => {
    const { page } = await openKept("/app")
    expect(
      await page.evaluate("navigator.serviceWorker.ready.then(({ scope }) => new URL(scope).pathname)"),
    ).toBe("/app")
    const manifest = (await app.http.get("/app/manifest.webmanifest")).body
    expect(manifest).toMatchObject({ id: "/app", start_url: "/app", display: "standalone" })
    for (const { src } of manifest.icons)
      expect((await fetch(app.url + src)).headers.get("content-type")).toBe("image/png")
    const devtools = await page.context().newCDPSession(page)
    const { installabilityErrors } = await devtools.send("Page.getInstallabilityErrors")
    expect(installabilityErrors.filter(({ errorId }) => errorId !== "in-incognito")).toEqual([])
  })
})

/** What the browser keeps in one of its stores. */
function read<T>(page: Page, store: string): Promise<T[]> {
  return page.evaluate(`new Promise((resolve, reject) => {
    const opening = indexedDB.open("chat")
    opening.onerror = () => reject(opening.error)
    opening.onsuccess = () => {
      const all = opening.result.transaction("${store}").objectStore("${store}").getAll()
      all.onsuccess = () => { opening.result.close(); resolve(all.result) }
    }
  })`)
}

/** Makes what waits so much older. */
async function age(page: Page, ms: number): Promise<void> {
  await page.evaluate(`new Promise((resolve) => {
    const opening = indexedDB.open("chat")
    opening.onsuccess = () => {
      const change = opening.result.transaction("outbox", "readwrite")
      const all = change.objectStore("outbox").getAll()
      all.onsuccess = () => { for (const item of all.result) change.objectStore("outbox").put({ ...item, at: item.at - ${ms} }) }
      change.oncomplete = () => { opening.result.close(); resolve() }
    }
  })`)
}

/** The network is back, which is when a message that didn't get through is sent again. */
async function wake(context: BrowserContext, page: Page): Promise<void> {
  await context.setOffline(true)
  await reads(page, ".note", "You are offline")
  await context.setOffline(false)
}
