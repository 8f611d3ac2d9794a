import type { Page } from "playwright-core"
import { describe, expect, test } from "vitest"
import { countActivity } from "../../src/services/admin/activity/count-activity.ts"
import { newProPayer, untilQuiet } from "../billing/kit.ts"
import { ADMIN_TOKEN, signIn } from "../helpers/app.ts"
import { ask, createRoom, finalReply } from "../helpers/chat.ts"
import { useTestApp } from "../helpers/use-app.ts"
import { expectSound } from "./sound-page.ts"
import { chromium, reads, useWeb } from "./web-kit.ts"

const PHONE = { width: 390, height: 844 }
const DESK = { width: 1440, height: 900 }

const TITLES = ["Activity", "Users", "Failed replies", "Billing events", "Audit log", "System"]

describe.skipIf(chromium === null)("the operators' page in a browser (Chromium is on the PATH)", () => {
  const app = useTestApp({ stripe: true })
  const web = useWeb(app)

  async function enter(page: Page, token: string): Promise<void> {
    await page.getByLabel("Admin token").fill(token)
    await page.getByRole("button", { name: "Sign in" }).click()
  }

  async function openSignedIn(options = {}): Promise<Page> {
    const page = await (await web.open(null, options)).tab("/admin/sign-in")
    await enter(page, ADMIN_TOKEN)
    await reads(page, ".actor", "Admin token")
    return page
  }

  const openSection = async (page: Page, title: string) => {
    await page.getByRole("navigation").getByRole("link", { name: title }).click()
    await reads(page, "h1", title)
  }

  test("a wrong token is refused in words, and the right one leads to where one was going", async () => {
    web.expectProblem(/401/)
    const page = await (await web.open()).tab("/admin/sign-in?to=/admin/queues")
    await enter(page, `${ADMIN_TOKEN}x`)
    await page.getByRole("alert").waitFor()
    expect(new URL(page.url()).pathname).toBe("/admin/sign-in")
    await enter(page, ADMIN_TOKEN)
    await page.waitForURL("**/admin/queues")
    await reads(page, "body", "gemini-queue")
  })

  test("no other place may be named to go to after signing in", async () => {
    for (const to of ["https://example.com", "//example.com", "/app", "/admin/../app"]) {
      const page = await (await web.open()).tab(`/admin/sign-in?to=${encodeURIComponent(to)}`)
      await enter(page, ADMIN_TOKEN)
      await page.waitForURL((url) => url.pathname === "/admin")
    }
  })

  test.each([
    ["light, on a telephone", { viewport: PHONE, colorScheme: "light" }],
    ["dark, on a desk", { viewport: DESK, colorScheme: "dark" }],
  ] as const)("every section is sound to axe and as wide as its window: %s", async (_, window) => {
    await newProPayer(app)
    await untilQuiet(app)
    const user = await signIn(app)
    app.gemini.script({ directive: "key-invalid", text: "will fail", calls: 1 })
    await ask(app, user, await createRoom(app, user), "will fail")
    await countActivity(app.ctx)
    const page = await (await web.open(null, window)).tab("/admin/sign-in")
    await reads(page, "h1", "Operators' sign-in")
    await expectSound(page)
    await enter(page, ADMIN_TOKEN)
    await page.locator(".chart").first().waitFor()
    for (const title of TITLES) {
      await openSection(page, title)
      if (title === "Activity") await page.getByText("As a table").click()
      if (title === "Users") {
        await page.getByLabel("Id or mobile number").fill(user.mobileNumber)
        await page.getByRole("button", { name: "Find" }).click()
        await reads(page, "h2", user.mobileNumber)
      }
      await page.locator(".data, .facts").first().waitFor()
      expect(await page.title()).toContain(title)
      await expectSound(page)
    }
    // In the table's rows on a desk, above one another on a telephone.
    expect(await page.getByRole("link", { name: "Queues" }).getAttribute("href")).toBe("/admin/queues")
  })

  test("the charts tell the day and the month, in sums, sentences and a table", async () => {
    const user = await signIn(app)
    await ask(app, user, await createRoom(app, user), "hello")
    await countActivity(app.ctx)
    const { body } = await app.admin.get("/admin/activity?range=day")
    const prompts = body.points.reduce((sum: number, point: { prompts: number }) => sum + point.prompts, 0)
    const page = await openSignedIn()
    const chart = page.locator(".chart").filter({ hasText: "Prompts" })
    await chart.locator("figcaption strong").getByText(String(prompts), { exact: true }).waitFor()
    expect(await chart.getByRole("img").locator("desc").textContent()).toMatch(
      new RegExp(`^${prompts} in all, at most `),
    )
    expect(await chart.locator(".hover").count()).toBe(24)
    await page.getByText("As a table").click()
    expect(await page.locator(".data tbody tr").count()).toBe(24)
    await page.getByLabel("Last 30 days").check()
    await reads(page, "main", "By the day, in UTC.")
    await expect.poll(() => page.locator(".data tbody tr").count()).toBe(30)
    await chart.locator("figcaption strong").getByText(String(prompts), { exact: true }).waitFor()
  })

  test("a user is found with quota, cost and plan, shut out after a question, and let in again", async () => {
    const user = await signIn(app)
    const name = "<img src=x onerror=alert(1)>"
    await user.http.patch("/user/me", { name })
    await ask(app, user, await createRoom(app, user), "hello")
    const page = await openSignedIn()
    await openSection(page, "Users")
    await page.getByLabel("Id or mobile number").fill(user.mobileNumber)
    await page.keyboard.press("Enter")
    await reads(page, "h2", name)
    await reads(page, ".facts div", /^Used1 of 5$/)
    await reads(page, ".facts div", /^Last 30 days1 · \$/)
    await reads(page, ".facts div", /^Tierbasic$/)
    await page.getByRole("button", { name: "Suspend" }).click()
    await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click()
    await page.getByRole("button", { name: "Suspend" }).click()
    await page.getByRole("dialog").getByRole("button", { name: "Suspend" }).click()
    await reads(page, ".failure", /^Suspended since 20/)
    await expect.poll(async () => (await user.http.get("/user/me")).status).toBe(401)
    await page.getByRole("button", { name: "Lift the suspension" }).click()
    await page.getByRole("button", { name: "Suspend" }).waitFor()
    expect((await signIn(app, { mobileNumber: user.mobileNumber })).token).toBeDefined()
    await page.getByRole("button", { name: "Show the costliest of 30 days" }).click()
    await page.getByRole("link", { name: user.user.id }).click()
    await reads(page, "h2", name)
    expect(new URL(page.url()).hash).toBe(`#users/${user.user.id}`)
  })

  test("a number that nobody has is refused in words", async () => {
    web.expectProblem(/404/)
    const page = await openSignedIn()
    await openSection(page, "Users")
    await page.getByLabel("Id or mobile number").fill("+12025550000")
    await page.getByRole("button", { name: "Find" }).click()
    await page.getByRole("alert").waitFor()
  })

  test("a failed reply is seen and retried there, and a billing event replayed", async () => {
    const user = await signIn(app)
    app.gemini.script({ directive: "key-invalid", text: "try again", calls: 1 })
    const failed = await ask(app, user, await createRoom(app, user), "try again")
    const page = await openSignedIn()
    await openSection(page, "Failed replies")
    const retry = page.getByRole("button", { name: `Retry: ${failed.id}` })
    await page.locator("tr").filter({ has: retry }).getByText("misconfigured").waitFor()
    await retry.click()
    await reads(page, ".toast", `${failed.id} is queued.`)
    await expect.poll(() => retry.count()).toBe(0)
    expect(await finalReply(app, user, failed)).toMatchObject({ status: "completed" })
    await newProPayer(app)
    await untilQuiet(app)
    await openSection(page, "Billing events")
    await page.getByRole("button", { name: "Replay:" }).first().click()
    await reads(page, ".toast", "will be processed again.")
    await openSection(page, "Audit log")
    await reads(page, ".data", "replay_billing_event")
    await untilQuiet(app)
  })

  test("older entries are a page on, and the newest a press back", async () => {
    await app.query(
      `INSERT INTO admin_audit (id, actor, action, request_id, address, outcome)
       SELECT gen_random_uuid(), 'admin_token', 'view_user', 'r', '127.0.0.1', 'ok' FROM generate_series(1, 60)`,
    )
    const page = await openSignedIn()
    await openSection(page, "Audit log")
    await page.getByRole("button", { name: "Older" }).click()
    await page.getByRole("button", { name: "Newest" }).click()
    await expect.poll(() => page.locator(".data tbody tr").count()).toBe(50)
  })

  test("who has signed out, or whose session has ended, is led to the sign-in", async () => {
    web.expectProblem(/401/)
    const page = await openSignedIn()
    await page.getByRole("button", { name: "Sign out" }).click()
    await page.waitForURL("**/admin/sign-in")
    await page.goto(`${app.url}/admin`)
    await page.waitForURL("**/admin/sign-in")
  })

  test("a German browser gets German", async () => {
    const page = await (await web.open(null, { locale: "de-DE" })).tab("/admin/sign-in")
    await reads(page, "h1", "Anmeldung für den Betrieb")
    expect(await page.evaluate("document.documentElement.lang")).toBe("de-DE")
  })
})
