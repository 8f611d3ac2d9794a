import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { ADMIN_TOKEN, signIn } from "../helpers/app.ts"
import { ask, createRoom, finalReply } from "../helpers/chat.ts"
import { useTestApp } from "../helpers/use-app.ts"
import { chromium, openTab, type Tab } from "./browser.ts"

describe.skipIf(chromium === null)("an operator's page in a browser (Chromium is on the PATH)", () => {
  const stack = new AsyncDisposableStack()
  const app = useTestApp()
  let tab: Tab

  beforeAll(async () => {
    tab = await openTab(stack, chromium as string)
  })
  afterAll(() => stack.disposeAsync())

  const TITLES: Record<string, string> = {
    System: "System",
    Users: "Users",
    Replies: "Failed replies",
    Billing: "Billing events",
    Audit: "Audit log",
  }

  const reads = (selector: string) => expect.poll(() => tab.text(selector))

  async function openSignedIn(section: string): Promise<void> {
    tab.problems.length = 0
    await enter(ADMIN_TOKEN)
    await reads("#actor").toBe("admin token")
    await tab.press(section)
    await reads("h2").toBe(TITLES[section])
  }

  async function enter(token: string): Promise<void> {
    await tab.open(`${app.url}/admin/sign-in`)
    await tab.write("#token", token)
    await tab.press("Sign in")
  }

  async function find(mobileNumber: string): Promise<void> {
    await tab.write("#who", mobileNumber)
    await tab.press("Find")
  }

  test("a wrong token is refused with a word", async () => {
    await enter(`${ADMIN_TOKEN}x`)
    await reads("#problem").not.toBe("")
    expect(await tab.place()).toBe("/admin/sign-in")
  })

  test("every section loads", async () => {
    await openSignedIn("System")
    await reads("main").toMatch(/Database\s+up/)
    for (const [section, title] of Object.entries(TITLES)) {
      await tab.press(section)
      await reads("h2").toBe(title)
      expect(await tab.text("[role=alert]")).toBe("")
    }
    await reads("table").toContain("sign_in")
    expect(tab.problems).toEqual([])
  })

  test.each([360, 1280])(
    "at %i pixels the menu is one row and nothing has to be scrolled sideways",
    async (width) => {
      await tab.resize({ width, height: 800 })
      await openSignedIn("System")
      for (const [section, title] of Object.entries(TITLES)) {
        await tab.press(section)
        await reads("h2").toBe(title)
        const rows = `new Set([...document.querySelectorAll("nav a")].map((link) => link.offsetTop)).size`
        expect(await tab.evaluate(rows)).toBe(1)
        expect(await tab.evaluate(WIDER_THAN_THEIR_PLACE), section).toEqual([])
      }
      await tab.resize(null)
    },
  )

  test("a section that comes late doesn't take the place of one that was asked for later", async () => {
    await openSignedIn("Users")
    await tab.evaluate(`
      const real = fetch
      const late = Promise.withResolvers()
      const arrived = Promise.withResolvers()
      fetch = async (path, init) => {
        if (path !== "/admin/system") return real(path, init)
        await late.promise
        const answer = await real(path, init)
        arrived.resolve(answer.clone().text())
        return answer
      }`)
    await tab.press("System")
    await tab.press("Replies")
    await reads("h2").toBe("Failed replies")
    await tab.evaluate("late.resolve(); arrived.promise.then(() => new Promise(requestAnimationFrame))")
    expect(await tab.text("h2")).toBe("Failed replies")
  })

  test("a user is found, shut out and let in again", async () => {
    const { mobileNumber, token } = await signIn(app)
    await openSignedIn("Users")
    await find(mobileNumber)
    await reads("dl").toContain(mobileNumber)
    await tab.press("Suspend")
    await reads("#notice").toBe("Suspend: done.")
    expect(tab.questions).toEqual([expect.stringMatching(/^Suspend this user\?/)])
    expect(await tab.text(".problem")).toMatch(/^Suspended since 20/)
    await expect.poll(async () => (await app.http.get("/user/me", { token })).status).toBe(401)
    await tab.press("Unsuspend")
    await reads("#notice").toBe("Unsuspend: done.")
    expect(await tab.text(".problem")).toBe("")
    expect((await signIn(app, { mobileNumber })).token).toBeDefined()
    expect(tab.problems).toEqual([])
  })

  test("a number that nobody has is refused with a word, and names are shown as text", async () => {
    const user = await signIn(app)
    const name = "<img src=x onerror=alert(1)>"
    await app.http.patch("/user/me", { name }, { token: user.token })
    await openSignedIn("Users")
    await find(user.mobileNumber)
    await reads("dl").toContain(user.mobileNumber)
    expect(await tab.text("h3")).toBe(name)
    expect(tab.problems).toEqual([])
    await find("+12025550000")
    await reads("#notice").toContain("not_found")
  })

  test("a failed reply is tried again", async () => {
    const user = await signIn(app)
    app.gemini.script({ directive: "key-invalid", text: "try again", calls: 1 })
    const failed = await ask(app, user, await createRoom(app, user), "try again")
    await openSignedIn("Replies")
    await reads("table").toContain("misconfigured")
    await tab.press("Retry")
    await reads("#notice").toBe(`${failed.id} is queued.`)
    expect(await finalReply(app, user, failed)).toMatchObject({ status: "completed" })
    expect(tab.problems).toEqual([])
  })

  test("the queues' board and the documentation need nothing that their policies refuse", async () => {
    await openSignedIn("System")
    await tab.open(`${app.url}/admin/queues`)
    await reads("body").toContain("gemini-queue")
    await tab.open(`${app.url}/docs`)
    await reads("body").toContain("/chatroom/{id}/message")
    expect(tab.problems).toEqual([])
  })

  test("who has signed out is led back to the sign-in page", async () => {
    await openSignedIn("System")
    await tab.press("Sign out")
    await expect.poll(() => tab.place()).toBe("/admin/sign-in")
    expect(tab.problems).toEqual([])
    await tab.open(`${app.url}/admin`)
    await expect.poll(() => tab.place()).toBe("/admin/sign-in")
    await expect.poll(() => tab.problems).toEqual([expect.stringMatching(/^network: .* 401 /)])
  })
})

/** The elements that have to be scrolled sideways, the page itself among them. */
const WIDER_THAN_THEIR_PLACE = `[...document.querySelectorAll("html, main, nav, .scroll")]
  .filter((one) => one.scrollWidth > one.clientWidth)
  .map((one) => one.tagName)`
