import type { Locator, Page } from "playwright-core"
import { beforeAll, describe, expect, test } from "vitest"
import { freePort } from "../../tools/lib/redis-server.ts"
import { newPayer, newProPayer, type Payer, passPeriod, passTime, untilQuiet } from "../billing/kit.ts"
import { PASSWORD } from "../helpers/accounts.ts"
import { newMobileNumber, signIn } from "../helpers/app.ts"
import { ask, createRoom, useUpQuota } from "../helpers/chat.ts"
import { useTestApp } from "../helpers/use-app.ts"
import { expectSound } from "./sound-page.ts"
import { chromium, reads, say, useWeb } from "./web-kit.ts"

const PHONE = { width: 390, height: 844 }
const DESK = { width: 1440, height: 900 }

describe.skipIf(chromium === null)("the account in a browser (Chromium is on the PATH)", () => {
  let port = 0
  beforeAll(async () => {
    port = await freePort()
  })
  // Stripe returns to a public address that is known before the server listens.
  const app = useTestApp(() => ({
    stripe: true,
    config: { http: { port, publicUrl: `http://localhost:${port}` } },
  }))
  const web = useWeb(app)

  /** What the simulator's pages say and load is theirs. */
  const atStripe = () =>
    web.expectProblem(/^asked for http:\/\/(?:127\.0\.0\.1|localhost):\d+\/(?:c|i|p|favicon)/)

  const openAccount = async (payer: Payer | Awaited<ReturnType<typeof signIn>>, options = {}) => {
    const page = await (await web.open(payer, options)).tab("/app/account")
    await page.locator(".plan-name").waitFor()
    return page
  }

  const section = (page: Page, title: string) =>
    page.locator("section").filter({ has: page.getByRole("heading", { name: title, exact: true }) })

  test("used up, left unpaid, upgraded at Stripe, told so and unlimited", async () => {
    atStripe()
    web.expectProblem(/429/)
    const ann = await newPayer(app)
    await useUpQuota(app, ann)
    const page = await (await web.open(ann)).tab()
    await page.getByRole("button", { name: "Upgrade to Pro" }).click()
    await page.getByRole("link", { name: "Back without paying" }).click()
    await reads(page, ".returned", "No payment was made")
    await page.getByRole("button", { name: "Upgrade to Pro" }).click()
    await page.getByLabel("Email").fill("ann@example.com")
    await page.getByRole("button", { name: "Subscribe" }).click()
    await reads(page, ".returned", "Thank you. Pro is active.")
    await reads(page, ".plan-name", "Pro")
    await reads(page, "section", "without a limit")
    await reads(page, ".history", /Pro paid/)
    await page.goto(`${app.url}/app`)
    await say(page, "hello")
    await page.getByLabel("Another reply").waitFor()
  })

  test("a payment that Stripe confirms later is waited for, and one that was left is said to be none", async () => {
    const ann = await newPayer(app)
    const { sessionId } = await ann.subscribe()
    const page = await (await web.open(ann)).tab("/app/account?from=paid")
    await reads(page, ".returned", "Waiting for Stripe to confirm your payment")
    expect(new URL(page.url()).search).toBe("")
    app.stripe.completeCheckout(sessionId, {})
    await reads(page, ".returned", "Pro is active.")
    await reads(page, ".plan-name", "Pro")
    await page.goto(`${app.url}/app/account?from=left`)
    await reads(page, ".returned", "No payment was made")
    await page.reload()
    await page.locator(".plan-name").waitFor()
    expect(await page.locator(".returned").count()).toBe(0)
    await page.goto(`${app.url}/app/account?from=javascript:alert(1)`)
    await page.locator(".plan-name").waitFor()
    expect(await page.locator(".returned").count()).toBe(0)
  })

  test("a renewal that failed has a link to pay, and is paid there", async () => {
    atStripe()
    const ann = await newProPayer(app)
    app.stripe.changeCard(await ann.stripeId(), "insufficient_on_renewal")
    await passPeriod(app, ann)
    await passTime(app, { hours: 2 })
    await untilQuiet(app)
    await ann.untilStanding({ status: "past_due" })
    const fresh = await signIn(app, { mobileNumber: ann.mobileNumber })
    const page = await openAccount(fresh)
    await reads(page, ".failure", "Your last payment failed.")
    await reads(page, ".history", "payment overdue")
    app.stripe.changeCard(await ann.stripeId(), "ok")
    await page.getByRole("link", { name: "Pay the open invoice" }).click()
    await page.getByRole("button", { name: "Pay and confirm" }).click()
    await reads(page, "main", "Status: paid")
    await untilQuiet(app)
    await page.goto(`${app.url}/app/account`)
    await page.locator(".plan-name").waitFor()
    expect(await page.getByRole("link", { name: "Pay the open invoice" }).count()).toBe(0)
    await reads(page, ".plan-name", "Pro")
  })

  test("a subscription is cancelled in the portal, and the page says when it ends", async () => {
    atStripe()
    const ann = await newProPayer(app)
    const page = await openAccount(ann)
    await page.getByRole("button", { name: "Manage subscription" }).click()
    await page
      .getByRole("button", { name: /^Cancel/ })
      .first()
      .click()
    await page.getByRole("link", { name: /^(?:Return|Back|←)/ }).click()
    await page.waitForURL("**/app/account")
    await reads(page, ".returned", "You are back from Stripe.")
    await reads(page, "section", /Pro ends on /)
    await reads(page, ".history", "cancelled, until the end of what is paid")
  })

  test("usage is there by day, and by model with its cost", async () => {
    const ann = await signIn(app)
    const page = await openAccount(ann)
    await reads(page, "section", "Nothing yet.")
    const room = await createRoom(app, ann)
    for (const text of ["one", "two"]) await ask(app, ann, room, text)
    await page.reload()
    const usage = section(page, "Usage of the last 30 days")
    await usage.locator("figcaption strong").getByText("2", { exact: true }).waitFor()
    await usage.getByText("By day and model").click()
    await reads(page, ".data tbody tr", /gemini-3\.8-flash2[\d,]+\$0\.0/)
  })

  test("the account can't be deleted while the number to be written isn't known", async () => {
    const ann = await signIn(app)
    const page = await (await web.open(ann)).tab()
    await page.getByLabel("Message", { exact: true }).waitFor()
    web.expectProblem(/ 500 .*user\/me$/)
    await page.route("**/user/me", (route) => route.fulfill({ status: 500 }))
    await page.goto(`${app.url}/app/account`)
    await page.getByLabel("Language").waitFor()
    expect(await page.getByRole("button", { name: "Delete account" }).count()).toBe(0)
  })

  test("a password is set, signs in, and is changed only with the one before", async () => {
    web.expectProblem(/401|403|400/)
    const ann = await signIn(app)
    const page = await openAccount(ann)
    const password = section(page, "Password")
    const set = password.getByRole("button", { name: "Set a password" })
    await set.click()
    await expect.poll(() => hasFocus(password.getByLabel("New password"))).toBe(true)
    await password.getByRole("button", { name: "Cancel" }).click()
    await expect.poll(() => hasFocus(set)).toBe(true)
    await set.click()
    await password.getByLabel("New password").fill("short")
    await password.getByRole("button", { name: "Save" }).click()
    await password.getByRole("alert").waitFor()
    await password.getByLabel("New password").fill(PASSWORD)
    await password.getByRole("button", { name: "Save" }).click()
    await reads(page, ".toast", "The password is set.")
    await page.getByRole("button", { name: "Sign out" }).click()
    await page.getByRole("button", { name: "Sign in with a password" }).click()
    await page.getByLabel("Mobile number").fill(ann.mobileNumber)
    await page.getByLabel("Password", { exact: true }).fill(`${PASSWORD}x`)
    await page.getByRole("button", { name: "Sign in", exact: true }).click()
    await reads(page, "[role=alert]", "The number or the password is wrong.")
    await page.getByLabel("Password", { exact: true }).fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.locator(".plan-name").waitFor()
    // This session was opened without a code, so the password is asked for.
    await password.getByRole("button", { name: "Change the password" }).click()
    await password.getByLabel("New password").fill(`${PASSWORD} 2`)
    await password.getByRole("button", { name: "Save" }).click()
    await reads(page, "[role=alert]", "Enter your current password, too.")
    await password.getByLabel("Current password").fill(PASSWORD)
    await password.getByRole("button", { name: "Save" }).click()
    await reads(page, ".toast", "The password is set.")
  })

  test("the number is changed by a code to the new one", async () => {
    web.expectProblem(/401|409/)
    const ann = await signIn(app)
    const page = await openAccount(ann)
    const number = section(page, "Mobile number")
    const fresh = newMobileNumber()
    const change = number.getByRole("button", { name: "Change number" })
    await change.click()
    await expect.poll(() => hasFocus(number.getByLabel("New mobile number"))).toBe(true)
    await number.getByLabel("New mobile number").fill(fresh)
    await number.getByRole("button", { name: "Send code" }).click()
    await expect.poll(() => hasFocus(number.locator("[name=otp]"))).toBe(true)
    await number.getByRole("button", { name: "Fill in" }).click()
    await change.click()
    await reads(page, ".toast", "The number is changed.")
    await expect.poll(() => hasFocus(change)).toBe(true)
    await number.getByText(fresh).waitFor()
    const { user } = await signIn(app, { mobileNumber: fresh })
    expect(user.id).toBe(ann.user.id)
    // One that is another user's shows only once a code has proven it.
    const ben = await signIn(app)
    await number.getByRole("button", { name: "Change number" }).click()
    await number.getByLabel("New mobile number").fill(ben.mobileNumber)
    await number.getByRole("button", { name: "Send code" }).click()
    await number.getByRole("button", { name: "Fill in" }).click()
    await number.getByRole("button", { name: "Change number" }).click()
    await reads(page, "[role=alert]", "This number has an account already.")
  })

  test.each([
    ["light, on a telephone", { viewport: PHONE, colorScheme: "light" }],
    ["dark, on a desk", { viewport: DESK, colorScheme: "dark" }],
  ] as const)("the account and both ways to sign in are sound to axe: %s", async (_, window) => {
    const ann = await newProPayer(app)
    await ask(app, ann, await createRoom(app, ann), "hello")
    const page = await openAccount(ann, window)
    await page.getByText("By day and model").click()
    await page.getByRole("button", { name: "Set a password" }).click()
    await page.getByRole("button", { name: "Change number" }).click()
    await page.locator(".history").waitFor()
    await expectSound(page)
    const out = await (await web.open(null, window)).tab()
    await out.getByRole("button", { name: "Sign in with a password" }).click()
    await expectSound(out)
  })
})

describe.skipIf(chromium === null)("what the operator calls the service (Chromium is on the PATH)", () => {
  const privacyUrl = "https://example.com/privacy?a=1&b=2"
  const app = useTestApp({
    worker: false,
    config: { app: { name: "Atelier <Chat>", privacyUrl, imprintUrl: null } },
  })
  const web = useWeb(app)

  test("is on the pages, with the addresses that are set", async () => {
    const ann = await signIn(app)
    const window = await web.open(ann)
    for (const [path, title] of [
      ["/app/account", "Atelier <Chat>"],
      ["/admin/sign-in", "Operators' sign-in"],
    ] as const) {
      const page = await window.tab(path)
      const link = page.getByRole("link", { name: "Privacy policy" })
      expect(await link.getAttribute("href")).toBe(privacyUrl)
      expect(await page.getByRole("link", { name: "Imprint" }).count()).toBe(0)
      expect(await page.title()).toBe(title)
    }
    const out = await (await web.open()).tab()
    await reads(out, ".service-name", "Atelier <Chat>")
    await out.getByRole("link", { name: "Privacy policy" }).waitFor()
  })
})

const hasFocus = (locator: Locator) => locator.evaluate((one) => one === one.ownerDocument.activeElement)
