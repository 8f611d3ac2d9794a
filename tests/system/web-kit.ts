import type { BrowserContext, BrowserContextOptions, Browser as Chromium, Page } from "playwright-core"
import { afterAll, afterEach, beforeAll, expect } from "vitest"
// @ts-expect-error the launcher is plain JavaScript, without types
import { ensureWebBuilt } from "../../bin/web-build.mjs"
import { chromium, launchChromium, signedInState } from "../../tools/lib/chromium.ts"
import { PATIENCE_MS } from "../helpers/answers.ts"
import type { SignedIn, TestApp } from "../helpers/app.ts"
import { errorsIn } from "../helpers/use-app.ts"
import { ROOT } from "./programs.ts"

export { chromium }

/** A window of one person: tabs that share a session. */
export interface Window {
  context: BrowserContext
  /** Opens a tab at a path of the app. */
  tab(path?: string): Promise<Page>
}

export interface Web {
  /** Opens a window of the size and colours wanted, signed in where a user is given. It closes after the test. */
  open(user?: SignedIn | null, options?: BrowserContextOptions): Promise<Window>
  /** What the test does brings errors of this kind to the console, which are no fault. */
  expectProblem(kind: RegExp): void
}

interface WebOptions {
  /**
   * Pages may have their service worker, which loads all of the client into every new window: for tests that need it.
   * The others run without one: Playwright blocks its registration.
   */
  withWorker?: boolean
}

/** The warning that Playwright logs when it blocks a service worker. */
const WORKER_BLOCKED = "Service Worker registration blocked by Playwright"

/**
 * Builds the client and starts Chromium before the tests. After each, its windows close, and it fails if the page had an
 * error, a warning, or wanted what its policy refuses or what isn't on this server.
 */
export function useWeb(
  app: Pick<TestApp, "url"> & Partial<Pick<TestApp, "logs">>,
  { withWorker = false }: WebOptions = {},
): Web {
  let browser: Chromium
  const windows: BrowserContext[] = []
  const problems: string[] = []
  const expected: RegExp[] = []

  beforeAll(async () => {
    expect(await ensureWebBuilt(ROOT, { node: process.execPath })).toBe(true)
    browser = await launchChromium(chromium as string)
  })
  afterEach(async () => {
    await Promise.all(windows.splice(0).map((context) => context.close()))
    const found = problems.splice(0).filter((text) => !expected.some((kind) => kind.test(text)))
    expected.length = 0
    expect(found, found.length > 0 ? errorsIn(app.logs?.()) : "").toEqual([])
  })
  afterAll(() => browser?.close())

  function watch(page: Page): void {
    page.on("pageerror", ({ message }) => problems.push(message))
    page.on("console", (said) => {
      if (said.text().startsWith(WORKER_BLOCKED)) return
      if (["error", "warning"].includes(said.type())) problems.push(`${said.text()} ${said.location().url}`)
    })
    page.on("request", (request) => {
      const url = request.url()
      if (/^https?:/.test(url) && !url.startsWith(app.url)) problems.push(`asked for ${url}`)
    })
  }

  return {
    expectProblem: (kind) => void expected.push(kind),
    async open(user = null, options = {}) {
      const context = await browser.newContext({
        locale: "en-US",
        reducedMotion: "reduce",
        serviceWorkers: withWorker ? "allow" : "block",
        permissions: ["clipboard-read", "clipboard-write"],
        ...(user ? { storageState: signedInState(app.url, user) } : {}),
        ...options,
      })
      windows.push(context)
      context.setDefaultTimeout(PATIENCE_MS)
      return {
        context,
        async tab(path = "/app") {
          const page = await context.newPage()
          watch(page)
          await page.goto(app.url + path)
          return page
        },
      }
    },
  }
}

/** Writes a message and sends it. */
export async function say(page: Page, text: string): Promise<void> {
  const field = page.getByLabel("Message", { exact: true })
  await field.fill(text)
  await field.press("Enter")
}

/** The last reply, and its text. */
export const lastReply = (page: Page) => page.locator("article.reply").last()

/** How far above its end a conversation is scrolled, in px. */
export const fromEndOf = (page: Page) =>
  page.locator(".scroll").evaluate((one) => one.scrollHeight - one.scrollTop - one.clientHeight)

/** Waits until a text is there. */
export async function reads(page: Page, selector: string, text: string | RegExp): Promise<void> {
  await page.locator(selector).filter({ hasText: text }).first().waitFor()
}

/**
 * A page's script: `gaps` counts the changes after which no prompt is rendered, though one was. The layout is asked for each
 * time, as a page may at any time: where there is less to see for a moment, what is scrolled moves.
 */
export const NOTING_GAPS = `
  window.gaps = 0
  let isSeen = false
  new MutationObserver(() => {
    document.querySelector(".scroll")?.scrollHeight
    const prompts = [...document.querySelectorAll(".said")]
    const isInSight = prompts.some((one) => one.checkVisibility({ visibilityProperty: true }))
    if (isSeen && !isInSight) gaps += 1
    isSeen ||= isInSight
  }).observe(document, { childList: true, subtree: true, attributes: true })`

/** A page's script that waits until nothing moves or changes its height for ten frames. */
export const STILL = `new Promise((then) => {
  const area = document.querySelector(".scroll")
  let before = ""
  let same = 0
  const look = () => {
    const now = [area.scrollTop, area.scrollHeight].join(" ")
    same = now === before ? same + 1 : 0
    before = now
    if (same === 10) then()
    else requestAnimationFrame(look)
  }
  look()
})`
