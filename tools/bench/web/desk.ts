import { join } from "node:path"
import type { Browser, CDPSession, Page } from "playwright-core"
import { launchChromium, signedInState } from "../../lib/chromium.ts"
import { until } from "../../lib/until.ts"
import { type Site, startApi } from "../helpers/site.ts"
import { post, type User } from "../helpers/users.ts"
import { BARE_PAGE, BARE_PATH } from "./bare-page.ts"

const PROBE = join(import.meta.dirname, "page-probe.js")

/** A browser beside a process that does all, and somebody who is signed in there. */
export interface Desk {
  browser: Browser
  site: Site
  url: string
  user: User
}

/** @param program the Chromium */
export async function openDesk(
  stack: AsyncDisposableStack,
  program: string,
  site: Site,
  user: User,
): Promise<Desk> {
  const { api, url } = await startApi(site.machine, site.env, "all")
  stack.defer(() => api.stop())
  const browser = await launchChromium(program)
  stack.defer(() => browser.close())
  return { browser, site, url, user }
}

export interface Tab {
  page: Page
  devtools: CDPSession
  close(): Promise<void>
}

/** A tab with an empty cache, signed in unless `isGuest`, whose processor is `slower` times slower than this machine's. */
export async function openTab(
  { browser, url, user }: Desk,
  { isGuest = false, slower = 1 }: { isGuest?: boolean; slower?: number } = {},
): Promise<Tab> {
  const context = await browser.newContext({
    locale: "en-US",
    viewport: { width: 1440, height: 900 },
    ...(isGuest ? {} : { storageState: signedInState(url, user) }),
  })
  await context.addInitScript({ path: PROBE })
  await context.route(url + BARE_PATH, (route) =>
    route.fulfill({ contentType: "text/html", body: BARE_PAGE }),
  )
  const page = await context.newPage()
  const devtools = await context.newCDPSession(page)
  if (slower > 1) await devtools.send("Emulation.setCPUThrottlingRate", { rate: slower })
  return { page, devtools, close: () => context.close() }
}

/** Opens a room and waits until its newest message, which contains `text`, is in sight. */
export async function openRoom(page: Page, address: string, text: string): Promise<void> {
  await page.goto(address)
  await page.evaluate(`probe.shown(${JSON.stringify(text)})`)
}

/** Waits until a script's expression is true in the page. Its policy forbids Playwright's own way, which is `eval`. */
export async function holds(page: Page, expression: string): Promise<void> {
  await until(expression, () => page.evaluate(expression), { timeoutMs: 120_000, everyMs: 25 })
}

/** Lets the model reply to the prompt that contains `prompt` as the simulator's directive says. */
export async function script({ site }: Desk, prompt: string, directive: string): Promise<void> {
  await post(`${site.machine.geminiUrl}/__admin/script`, { directive, text: prompt })
}

export interface Asked {
  /** Resolves when the reply is complete. */
  completed(): Promise<void>
  cancel(): Promise<void>
}

/** Sends a prompt as another device does. */
export async function ask({ url, user }: Desk, roomId: string, prompt: string): Promise<Asked> {
  const headers = { Authorization: `Bearer ${user.token}` }
  const path = `${url}/chatroom/${roomId}/message`
  const { reply } = await post<{ reply: { id: string } }>(path, { message: prompt }, headers)
  const isComplete = async () => {
    const { status } = (await (await fetch(`${path}/${reply.id}`, { headers })).json()) as { status: string }
    if (!["queued", "running", "completed"].includes(status)) throw new Error(`A reply ended as ${status}.`)
    return status === "completed"
  }
  return {
    completed: async () =>
      void (await until("the reply is complete", isComplete, { timeoutMs: 120_000, everyMs: 100 })),
    cancel: async () => void (await post(`${path}/${reply.id}/cancel`, {}, headers)),
  }
}
