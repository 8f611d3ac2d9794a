import { randomInt } from "node:crypto"
import type { Page } from "playwright-core"
import { beforeAll, describe, expect, test } from "vitest"
import { type GeminiSimulator, startGeminiSimulator } from "../../simulators/gemini/server.ts"
import { PRO_PRICE, type StripeSimulator, startStripeSimulator } from "../../simulators/stripe/server.ts"
import { type Child, startChild } from "../../tools/lib/child.ts"
import { freePort, openRedis, type RedisServer } from "../../tools/lib/redis-server.ts"
import { openFolder } from "../../tools/lib/stores.ts"
import { newMobileNumber } from "../helpers/app.ts"
import { isRedisLeftOut, openDatabase, sharedStack } from "./kit.ts"
import { chromium, lastReply, reads, say, useWeb } from "./web-kit.ts"

const SECRET = "whsec_journey"

/** What the browser says of a service that isn't there for a moment, when it looks for another service worker, too. */
const AWAY =
  /ERR_(?:CONNECTION|EMPTY_RESPONSE|INCOMPLETE_CHUNKED|INTERNET_DISCONNECTED|NETWORK_CHANGED|SOCKET)|when fetching the script/

/** A service as it is started for people: a process of its own, on stores of its own, with simulators beside it. */
function useService(settings: Record<string, string>, { withRedis = false } = {}) {
  const stack = sharedStack()
  let [process, redis]: [Child | null, RedisServer | null] = [null, null]
  let gemini: GeminiSimulator
  let stripe: StripeSimulator
  let url = ""
  let start: () => Promise<Child>

  beforeAll(async () => {
    const port = await freePort()
    url = `http://127.0.0.1:${port}`
    gemini = await startGeminiSimulator({ chunkDelayMs: 0 })
    stack.defer(() => gemini.close())
    stripe = await startStripeSimulator({ webhook: { url: `${url}/webhook/stripe`, secret: SECRET } })
    stack.defer(() => stripe.close())
    redis = withRedis ? await openRedis(stack) : null
    const folder = await openFolder(stack)
    const env = {
      DATA_DIR: folder,
      PORT: String(port),
      PUBLIC_URL: url,
      DATABASE_URL: await openDatabase(stack),
      ...(redis ? { REDIS_URL: redis.url } : {}),
      JWT_SECRET: `a secret for a journey, ${randomInt(1e9)}`,
      GEMINI_API_KEY: "unused",
      GEMINI_BASE_URL: gemini.url,
      GEMINI_TITLES: "false",
      STRIPE_SECRET_KEY: "sk_test_journey",
      STRIPE_WEBHOOK_SECRET: SECRET,
      STRIPE_PRICE_PRO: PRO_PRICE,
      STRIPE_BASE_URL: stripe.url,
      ...settings,
    }
    start = async () => {
      const child = startChild({ entry: "src/server.ts", env, cwd: folder })
      await child.answers(`${url}/health/ready`)
      return child
    }
    process = await start()
    stack.defer(async () => void (await process?.kill("SIGKILL")))
  })
  return {
    get url() {
      return url
    },
    get stripe() {
      return stripe
    },
    get redis() {
      return redis as RedisServer
    },
    /** `kill -9`, and a start on the same port. */
    async restart() {
      await process?.kill("SIGKILL")
      process = await start()
    },
  }
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index).join(" ")
/** A reply that takes two seconds. */
const counting = (count: number) =>
  `[[gemini: chunks=${count} delay=${Math.round(2_000 / count)} echo=${JSON.stringify(numbers(count))}]]`
const textOf = async (page: Page) =>
  ((await lastReply(page).locator(".prose").textContent()) ?? "").replace(/\s+/g, " ").trim()
const isDone = (page: Page) => lastReply(page).getByLabel("Another reply").waitFor()
const hasBegun = (page: Page) => page.locator("article.growing .prose").last().waitFor()

async function signUp(page: Page, mobileNumber: string): Promise<void> {
  await page.getByLabel("Mobile number").fill(mobileNumber)
  await page.getByRole("button", { name: "Send code" }).click()
  await page.getByRole("button", { name: "Fill in" }).click()
  await page.locator("#rooms").waitFor()
}

describe.skipIf(chromium === null || isRedisLeftOut)(
  "a conversation from sign-up to an outage (Chromium and Redis are on the PATH)",
  () => {
    const service = useService({ BASIC_DAILY_PROMPTS: "100" }, { withRedis: true })
    const web = useWeb(service, { withWorker: true })

    test("all of it, in one sitting", async () => {
      const window = await web.open()
      const page = await window.tab()
      await signUp(page, newMobileNumber())

      // Chat, stop, regenerate, edit, and the versions of it.
      await say(page, "[[gemini: stall after=3 times=1]] a story about a heron")
      await hasBegun(page)
      await page.getByLabel("Stop the reply").click()
      await reads(page, ".outcome", "Stopped.")
      await page.locator(".outcome").getByRole("button", { name: "Continue" }).click()
      await reads(page, ".reply .versions", "2/2")
      await isDone(page)
      await page.getByLabel("Another reply").click()
      await reads(page, ".reply .versions", "3/3")
      await isDone(page)
      await page.locator(".reply").getByLabel("Previous version").click()
      await reads(page, ".reply .versions", "2/3")
      await page.locator(".prompt").hover()
      await page.getByLabel("Edit", { exact: true }).click()
      await page.getByLabel("Edit your message").fill("a story about a cormorant")
      await page.getByLabel("Edit your message").press("Enter")
      await reads(page, ".prompt .versions", "2/2")
      await isDone(page)

      // A file goes along, and what was said is found again.
      const notes = { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("Herons wade.") }
      await page.locator("input[type=file]").first().setInputFiles(notes)
      await expect.poll(() => page.locator(".uploads progress").count()).toBe(0)
      await say(page, "what do these notes say?")
      await reads(page, ".prompt .files", "notes.txt")
      await isDone(page)
      const room = new URL(page.url()).pathname
      await page.locator("#rooms .new-chat").click()
      await page.keyboard.press("Control+k")
      await page.locator("dialog[open]").waitFor()
      // The index is a moment behind.
      const box = page.locator("dialog[open] input")
      const isFound = async () => {
        await box.fill("")
        await box.fill("cormorant")
        return page
          .locator(".found mark")
          .filter({ hasText: "cormorant" })
          .first()
          .waitFor({ timeout: 2_000 })
          .then(() => true)
          .catch(() => false)
      }
      await expect.poll(isFound, { timeout: 60_000 }).toBe(true)
      await page.keyboard.press("ArrowDown")
      await page.keyboard.press("Enter")
      await page.waitForURL(`**${room}*`)

      // Shared, and read by somebody else.
      web.expectProblem(/ 404 .*\/share$/)
      await page
        .locator(".top-bar")
        .getByLabel(/^Options of/)
        .click()
      await page.locator(".top-bar").getByRole("menuitem", { name: "Share" }).click()
      await page.getByRole("button", { name: "Create link" }).click()
      const link = new URL(await page.getByLabel("Link", { exact: true }).inputValue())
      await page.keyboard.press("Escape")
      const stranger = await (await web.open()).tab(link.pathname)
      await reads(stranger, "article", "a story about a cormorant")

      // Reloaded in mid-reply, with a second tab beside it.
      await say(page, counting(50))
      await hasBegun(page)
      await page.reload()
      const second = await window.tab(room)
      for (const tab of [page, second]) {
        await isDone(tab)
        expect(await textOf(tab)).toBe(numbers(50))
      }

      // Written without a network, and sent with one.
      web.expectProblem(AWAY)
      await window.context.setOffline(true)
      await say(page, counting(12))
      await page.locator("[data-outgoing]").getByText("Waiting to be sent").waitFor()
      await window.context.setOffline(false)
      await expect.poll(() => textOf(page)).toBe(numbers(12))
      await isDone(page)

      // The service is killed in mid-reply, and started again.
      await say(page, counting(60))
      await hasBegun(page)
      await service.restart()
      for (const tab of [page, second]) {
        await isDone(tab)
        expect(await textOf(tab)).toBe(numbers(60))
      }

      // Redis is killed in mid-reply, and comes back empty.
      web.expectProblem(/ 50\d /)
      await say(page, counting(70))
      await hasBegun(page)
      await service.redis.kill()
      await isDone(page)
      expect(await textOf(page)).toBe(numbers(70))
      await service.redis.start()
      await say(page, counting(10))
      await isDone(page)
      await expect.poll(() => textOf(page)).toBe(numbers(10))
    })
  },
)

describe.skipIf(chromium === null)(
  "an account from its last prompt to its end (Chromium is on the PATH)",
  () => {
    const service = useService({ BASIC_DAILY_PROMPTS: "2" })
    const web = useWeb(service, { withWorker: true })

    test("the quota, the upgrade, a failed renewal, and the account is deleted", async () => {
      const mobileNumber = newMobileNumber()
      const page = await (await web.open()).tab()
      await signUp(page, mobileNumber)
      for (const prompt of ["one", "two"]) {
        await say(page, prompt)
        await reads(page, ".prompt .said", prompt)
        await isDone(page)
      }
      await reads(page, ".used-up", "You have used today's 2 prompts.")

      // Checkout is on the simulator's pages, and leads back.
      web.expectProblem(new RegExp(service.stripe.url))
      await page.locator(".used-up").getByRole("button", { name: "Upgrade to Pro" }).click()
      await page.waitForURL((url) => url.href.startsWith(service.stripe.url))
      await page.locator("input[value=insufficient_on_renewal]").check()
      await page.getByLabel("Email").fill("ada@example.com")
      await page.getByRole("button", { name: "Subscribe" }).click()
      await page.waitForURL(`${service.url}/**`)
      await page.goto(`${service.url}/app/account`)
      await reads(page, ".plan-name", "Pro")
      await reads(page, "section", "without a limit")
      await page.goto(`${service.url}/app`)
      for (const prompt of ["three", "four"]) {
        await say(page, prompt)
        await reads(page, ".prompt .said", prompt)
        await isDone(page)
      }

      // A month later the card has no money.
      service.stripe.advance({ days: 32 })
      await service.stripe.settled()
      await expect
        .poll(async () => {
          await page.goto(`${service.url}/app/account`)
          await page.locator(".plan-name").waitFor()
          return page.locator("a", { hasText: "Pay the open invoice" }).count()
        })
        .toBe(1)

      await page.getByRole("button", { name: "Delete account" }).click()
      await page.getByLabel("To go on, write your number").fill(mobileNumber)
      await page.getByRole("button", { name: "Delete for good" }).click()
      await reads(page, "h1", "Sign in")
      await signUp(page, mobileNumber)
      await reads(page, "#rooms", "Your conversations will be listed here.")
    })
  },
)
