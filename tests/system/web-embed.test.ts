import { readFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import type { Page } from "playwright-core"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { newMobileNumber } from "../helpers/app.ts"
import { useTestApp } from "../helpers/use-app.ts"
import { chromium, reads, useWeb } from "./web-kit.ts"

describe.skipIf(chromium === null)("the chat in a page of another site (Chromium is on the PATH)", () => {
  const sites = [createSite(), createSite()]
  const [allowed, stranger] = sites as [Site, Site]
  beforeAll(() => Promise.all(sites.map((site) => site.listen())))
  afterAll(() => Promise.all(sites.map((site) => site.close())))

  const app = useTestApp(() => ({ config: { http: { corsOrigins: [allowed.origin] } } }))
  const web = useWeb(app)

  async function visit(site: Site, attributes = 'data-label="Ask us"', path = "/"): Promise<Page> {
    site.html = PAGE(`<script src="${app.url}/embed.js" ${attributes}></script>`)
    const page = await (await web.open()).tab()
    web.expectProblem(/asked for http/)
    await page.goto(site.origin + path)
    return page
  }
  const chatIn = (page: Page) => page.frameLocator("iframe")
  const button = (page: Page) => page.getByRole("button", { name: "Ask us" })

  test("it opens, a visitor signs in and chats, and after a reload it is all there", async () => {
    const page = await visit(allowed)
    await button(page).click()
    const chat = chatIn(page)
    await chat.getByLabel("Mobile number").fill(newMobileNumber())
    await chat.getByLabel("Mobile number").press("Enter")
    await chat.getByRole("button", { name: "Fill in" }).click()
    await chat.getByLabel("Message", { exact: true }).fill('[[gemini: echo="from afar"]]')
    await chat.getByLabel("Message", { exact: true }).press("Enter")
    await chat.locator(".reply .prose").filter({ hasText: "from afar" }).waitFor()
    const frame = page.frames()[1]
    expect(frame?.url()).toContain(`${app.url}/embed/chat/`)

    await frame?.evaluate("location.reload()")
    await chat.locator(".reply .prose").filter({ hasText: "from afar" }).waitFor()
    // The site sees neither words nor tokens.
    expect(await page.evaluate("Object.keys(localStorage)")).toEqual([])
    expect(await page.evaluate("try { frames[0].document; 'open' } catch { 'closed' }")).toBe("closed")
  })

  test("it is used by the keyboard: the button opens it, Escape closes it from inside, the focus comes back", async () => {
    const page = await visit(allowed)
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await chatIn(page).getByLabel("Mobile number").fill("+1")
    expect(await button(page).getAttribute("aria-expanded")).toBe("true")
    await page.keyboard.press("Escape")
    await expect.poll(() => button(page).getAttribute("aria-expanded")).toBe("false")
    await page.keyboard.press("Space")
    // What was begun is still there.
    await expect.poll(() => chatIn(page).getByLabel("Mobile number").inputValue()).toBe("+1")
  })

  test("position, colours and the beginning are the site's choice", async () => {
    const page = await visit(allowed, 'data-label="Ask us" data-position="left" data-theme="dark" data-open')
    await chatIn(page).getByLabel("Mobile number").waitFor()
    const box = await button(page).boundingBox()
    expect(box?.x).toBeLessThan(50)
    const background = () => page.frames()[1]?.evaluate("getComputedStyle(document.body).backgroundColor")
    await expect.poll(background).toBe("rgb(24, 23, 21)")
  })

  test("a site with a strict policy has to allow the script and the frame, and nothing else", async () => {
    allowed.policy = `default-src 'none'; script-src ${app.url}; frame-src ${app.url}; img-src data:`
    const page = await visit(allowed)
    await button(page).click()
    await chatIn(page).getByLabel("Mobile number").waitFor()
    allowed.policy = null
  })

  test("a site that isn't allowed gets no frame, but a link", async () => {
    web.expectProblem(/frame-ancestors/)
    const page = await visit(stranger)
    await button(page).click()
    await reads(page, ".refused", "can't be shown in this page")
    expect(await page.locator(".refused a").getAttribute("href")).toBe(`${app.url}/app`)
  })

  test("no other page of the service may be framed, by anybody", async () => {
    const embeddable = ["/embed", "/embed/chat/x", "/embed/account"]
    const origin = allowed.origin
    for (const path of embeddable) {
      const { headers } = await app.http.get(path)
      expect(headers.get("content-security-policy")).toContain(`frame-ancestors ${origin};`)
      expect(headers.get("x-frame-options")).toBeNull()
    }
    for (const path of [
      "/app",
      "/app/account",
      "/",
      "/docs",
      "/shared/x",
      "/admin",
      "/embed.js",
      "/chatroom",
    ]) {
      const { headers } = await app.http.get(path, { headers: { Accept: "text/html" } })
      expect(headers.get("content-security-policy"), path).toContain("frame-ancestors 'none'")
      expect(headers.get("x-frame-options"), path).not.toBeNull()
    }
  })

  test("the example is a page that works", async () => {
    const example = readFileSync(new URL("../../examples/embed.html", import.meta.url), "utf8")
    allowed.html = example.replace("http://localhost:3000", app.url)
    const page = await (await web.open()).tab()
    web.expectProblem(/asked for http/)
    await page.goto(allowed.origin)
    await button(page).click()
    await chatIn(page).getByLabel("Mobile number").waitFor()
  })
})

type Site = ReturnType<typeof createSite>

/** Another site: one page, on an origin of its own. */
function createSite() {
  const site = {
    html: "",
    policy: null as string | null,
    origin: "",
    async listen() {
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
      // Another name than the service's: to a browser another site, with storage of its own.
      site.origin = `http://localhost:${(server.address() as AddressInfo).port}`
    },
    close: () => new Promise((resolve) => server.close(resolve).closeAllConnections()),
  }
  const server = createServer((_req, res) => {
    res.setHeader("Content-Type", "text/html; charset=utf-8")
    if (site.policy) res.setHeader("Content-Security-Policy", site.policy)
    res.end(site.html)
  })
  return site
}

const PAGE = (script: string) =>
  `<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>A shop</title><h1>A shop</h1>${script}</html>`
