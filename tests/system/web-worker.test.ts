import { readFileSync } from "node:fs"
import { createServer } from "node:http"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import type { TestApp } from "../helpers/app.ts"
import { ROOT } from "./programs.ts"
import { chromium, reads, useWeb } from "./web-kit.ts"

/** A build: its page names its script, which may load a part. What the server has of it may be withdrawn. */
interface Build {
  version: string
}

const scriptOf = ({ version }: Build) => `/app/assets/entry-${version}.js`
const partOf = ({ version }: Build) => `/app/assets/part-${version}.js`

describe.skipIf(chromium === null)("the service worker over new builds (Chromium is on the PATH)", () => {
  // What the server has now: the page may be of another build than the worker while one is rolled out.
  let page: Build = { version: "1" }
  let worker: Build = page
  const app = { url: "" } as TestApp
  const web = useWeb(app, { withWorker: true })
  const loads: string[] = []
  /** A build of which a file is gone. */
  let broken = ""
  /** Takes requests for the page, and doesn't answer. */
  let isSilent = false

  const server = createServer(({ url = "" }, res) => {
    const send = (type: string, text: string) => {
      res.setHeader("Content-Type", type)
      res.setHeader("Cache-Control", url.includes("/assets/") ? "max-age=31536000, immutable" : "no-cache")
      res.setHeader("Service-Worker-Allowed", "/app")
      res.end(text)
    }
    if (isSilent) return
    if (url === "/app" || url.startsWith("/app/chat/")) {
      loads.push(page.version)
      return send("text/html", PAGE(page))
    }
    if (url === "/app/sw.js") return send("text/javascript", workerOf(worker))
    if (url === scriptOf(page)) return send("text/javascript", SCRIPT(page))
    if (url === partOf(page) && page.version !== broken)
      return send("text/javascript", `export const part = "part of ${page.version}"`)
    res.statusCode = 404
    send("text/plain", "")
  })
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, "localhost", resolve))
    app.url = `http://localhost:${(server.address() as { port: number }).port}`
  })
  afterAll(() => void server.close())

  test("a new build is taken as a whole, at the next load and never by itself; the old one stays whole where it is open", async () => {
    const window = await web.open()
    const old = await window.tab()
    await reads(old, "h1", "page 1, script 1")
    await old.evaluate("navigator.serviceWorker.ready.then(() => true)")
    const kept = () =>
      old.evaluate<string[]>("caches.keys().then((names) => names.map((name) => name.split('-').at(-1)))")
    await expect.poll(kept).toEqual(["1"])

    page = worker = { version: "2" }
    const tab = await window.tab()
    await reads(tab, "h1", "page 2, script 2")
    await expect.poll(kept).toEqual(["1", "2"])
    expect(loads).toEqual(["1", "1", "2", "2"])
    // Its server has nothing of that build any more.
    await old.evaluate("load()")
    await reads(old, "h2", "part of 1")
    await reads(old, "h1", "page 1, script 1")

    // Its cache is there before the worker is.
    await expect.poll(() => tab.evaluate(WORKER_STATES)).toEqual([null, "activated"])
    web.expectProblem(/ERR_INTERNET_DISCONNECTED|ERR_FAILED/)
    await window.context.setOffline(true)
    await tab.goto(`${app.url}/app/chat/some-room`, { waitUntil: "commit" })
    await reads(tab, "h1", "page 2, script 2")
    await tab.evaluate("load()")
    await reads(tab, "h2", "part of 2")
    await window.context.setOffline(false)

    // A third: one build is left for pages that are open, and no more.
    page = worker = { version: "3" }
    await tab.reload()
    await reads(tab, "h1", "page 3, script 3")
    await expect.poll(kept).toEqual(["2", "3"])
  })

  test("while processes serve different builds, nothing is mixed", async () => {
    page = worker = { version: "4" }
    const window = await web.open()
    const tab = await window.tab()
    await tab.evaluate("navigator.serviceWorker.ready.then(() => true)")
    worker = { version: "5" }
    expect(await tab.evaluate(UPDATED)).toBe("redundant")
    web.expectProblem(/ERR_INTERNET_DISCONNECTED|ERR_FAILED/)
    await window.context.setOffline(true)
    await tab.reload()
    await reads(tab, "h1", "page 4, script 4")
  })

  test("of a build that has lost a file nothing is kept, and the one before stays", async () => {
    page = worker = { version: "7" }
    const tab = await (await web.open()).tab()
    await tab.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page = worker = { version: "8" }
    broken = "8"
    web.expectProblem(/ 404 .*part-8/)
    expect(await tab.evaluate(UPDATED)).toBe("redundant")
    const kept = "caches.keys().then((names) => names.map((name) => name.split('-').at(-1)))"
    expect(await tab.evaluate(kept)).toEqual(["7"])
    await tab.evaluate("load()")
    await reads(tab, "h2", "part of 7")
  })

  test("a network that gives no answer doesn't keep the page away", async () => {
    page = worker = { version: "6" }
    const tab = await (await web.open()).tab()
    await tab.evaluate("navigator.serviceWorker.ready.then(() => true)")
    isSilent = true
    await tab.goto(`${app.url}/app/chat/some-room`)
    await reads(tab, "h1", "page 6, script 6")
    isSilent = false
  })
})

/** Looks for a newer worker. @returns the state that follows its installation */
const UPDATED = `navigator.serviceWorker.register("/app/sw.js", { scope: "/app" }).then((registration) =>
  registration.update().then(() => registration.installing, () => registration.installing)).then((worker) =>
  worker && new Promise((resolve) => worker.addEventListener("statechange", () => resolve(worker.state))))`

/** The states of a newer worker and of the one that serves the page; one that waits is asked to take over, as by a page that opens. */
const WORKER_STATES = `navigator.serviceWorker.getRegistration("/app").then(({ installing, waiting, active }) => {
  waiting?.postMessage(null)
  return [(installing ?? waiting)?.state ?? null, active?.state ?? null]
})`

const PAGE = (build: Build) =>
  `<!doctype html><link rel="icon" href="data:,"><h1></h1><h2></h2><meta name="version" content="${build.version}">
  <script type="module" src="${scriptOf(build)}"></script>`

const SCRIPT = (build: Build) => `
  const version = document.querySelector("meta").content
  document.querySelector("h1").textContent = "page " + version + ", script ${build.version}"
  window.load = async () => {
    document.querySelector("h2").textContent = (await import("${partOf(build)}")).part
  }
  navigator.serviceWorker.register("/app/sw.js", { scope: "/app", updateViaCache: "none" })`

/** The worker of our build, told to keep another one. */
function workerOf(build: Build): string {
  const text = readFileSync(join(ROOT, "web/dist/sw.js"), "utf8")
  const code = text.slice(text.indexOf("\n") + 1)
  const files = [scriptOf(build), partOf(build)]
  return `self.SHELL=${JSON.stringify({ version: build.version, named: [scriptOf(build).slice("/app/".length)], files })};\n${code}`
}
