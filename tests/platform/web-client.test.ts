import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { brotliDecompressSync, gunzipSync } from "node:zlib"
import { beforeAll, describe, expect, test } from "vitest"
// @ts-expect-error the launcher is plain JavaScript, without types
import { ensureWebBuilt } from "../../bin/web-build.mjs"
import { useTestApp } from "../helpers/use-app.ts"

const ROOT = join(import.meta.dirname, "../..")
const DIST = join(ROOT, "web/dist")

/** What a first visit loads, code colouring apart. */
const FIRST_LOAD_BYTES = 90 * 1024

beforeAll(async () => {
  expect(await ensureWebBuilt(ROOT, { node: process.execPath })).toBe(true)
})

const app = useTestApp({ worker: false })
const ask = (path: string, headers: Record<string, string> = {}) => fetch(app.url + path, { headers })

describe("the page", () => {
  test.each(["/app", "/app/account", "/app/chat/01a20380-35df-77b7-a96a-565deb07f9f4"])(
    "%s is asked for every time, and sent when it has changed",
    async (path) => {
      const page = await ask(path)
      expect(page.status).toBe(200)
      expect(page.headers.get("cache-control")).toBe("no-cache")
      const etag = page.headers.get("etag") as string
      expect((await ask(path, { "If-None-Match": `"other", ${etag}` })).status).toBe(304)
      expect((await ask(path, { "If-None-Match": '"other"' })).status).toBe(200)
    },
  )

  test("runs and shows nothing but what is on this server, and has nothing inline", async () => {
    const page = await ask("/app")
    const policy = page.headers.get("content-security-policy")
    expect(policy).toMatch(/^default-src 'none';/)
    expect(policy).not.toMatch(/unsafe|https?:|\*/)
    const html = await page.text()
    expect(html).not.toMatch(/<script>|<style|\sstyle=|\son\w+=/)
    for (const [, part] of html.matchAll(/(?:src|href)="([^"]+)"/g))
      expect(part).toMatch(/^\/(?:app\/assets\/|app\/manifest.webmanifest$|docs$)/)
  })
})

describe("a page that there isn't", () => {
  const BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

  test("is said to a browser in words, and to everybody else as a problem", async () => {
    const lost = await ask("/app/nowhere", { Accept: BROWSER })
    expect(lost.status).toBe(404)
    expect(lost.headers.get("content-type")).toBe("text/html; charset=utf-8")
    expect(await lost.text()).toContain('<a href="/app">')
    for (const accept of ["*/*", "application/json"]) {
      const problem = await ask("/app/nowhere", { Accept: accept })
      expect(problem.status).toBe(404)
      expect(problem.headers.get("content-type")).toMatch(/^application\/problem\+json/)
    }
  })
})

describe("what the operator calls it", () => {
  const name = `Bob's "<Chat>" $& Co`
  const named = useTestApp({
    worker: false,
    config: {
      app: { name, privacyUrl: "https://example.com/privacy?a=1&b=2", imprintUrl: null },
    },
  })

  test("is in the page's head as text, with the addresses that are set, and changes its tag", async () => {
    const page = await fetch(`${named.url}/app`)
    const html = await page.text()
    expect(html).toContain("<title>Bob&#39;s &quot;&lt;Chat&gt;&quot; $&amp; Co</title>")
    expect(html).toContain('<meta name="app-name" content="Bob&#39;s &quot;&lt;Chat&gt;&quot; $&amp; Co" />')
    expect(html).toContain('<meta name="privacy-url" content="https://example.com/privacy?a=1&amp;b=2" />')
    expect(html).not.toContain("imprint-url")
    expect(page.headers.get("etag")).not.toBe((await ask("/app")).headers.get("etag"))
  })
})

describe("its assets", () => {
  const names = () => readdirSync(join(DIST, "assets")).filter((name) => !/\.(?:br|gz)$/.test(name))

  test("are kept for ever, and come compressed to those who can read it", async () => {
    for (const name of names()) {
      const bytes = readFileSync(join(DIST, "assets", name))
      const plain = await ask(`/app/assets/${name}`, { "Accept-Encoding": "identity, br;q=0" })
      expect(plain.headers.get("cache-control")).toBe("public, max-age=31536000, immutable")
      expect(plain.headers.get("vary")).toContain("Accept-Encoding")
      expect(plain.headers.get("content-encoding")).toBeNull()
      expect(Buffer.from(await plain.arrayBuffer()).equals(bytes)).toBe(true)
      // Pictures are compressed as they are.
      if (name.endsWith(".png")) continue
      for (const [encoding, ending, read] of [
        ["br", "br", brotliDecompressSync],
        ["gzip", "gz", gunzipSync],
      ] as const) {
        const packed = await ask(`/app/assets/${name}`, { "Accept-Encoding": encoding })
        expect(packed.headers.get("content-encoding")).toBe(encoding)
        expect(read(readFileSync(join(DIST, "assets", `${name}.${ending}`))).equals(bytes)).toBe(true)
      }
    }
  })

  test.each(["nothing-here.js", "index.html", ".built-from", "..%2findex.html", "..%2f..%2fpackage.json"])(
    "%s isn't one",
    async (name) => {
      expect((await ask(`/app/assets/${name}`)).status).toBeGreaterThanOrEqual(400)
      expect((await ask(`/app/assets/${name}`)).status).toBeLessThan(500)
    },
  )

  test("are small: a first load is at most 90 KB, compressed", () => {
    const html = readFileSync(join(DIST, "index.html"), "utf8")
    const parts = [...html.matchAll(/\/app\/assets\/([^"]+\.(?:js|css|svg))"/g)].map(
      ([, name]) => name as string,
    )
    const bytes = parts.reduce(
      (sum, name) => sum + readFileSync(join(DIST, "assets", `${name}.gz`)).length,
      0,
    )
    process.stdout.write(`first load of the web client: ${(bytes / 1024).toFixed(1)} KB gzip\n`)
    expect(bytes).toBeLessThanOrEqual(FIRST_LOAD_BYTES)
  })
})

describe("what makes it installable", () => {
  test("the worker is asked for every time, serves all of /app, and may ask this server alone", async () => {
    const worker = await ask("/app/sw.js")
    expect(worker.headers.get("content-type")).toMatch(/^text\/javascript/)
    expect(worker.headers.get("service-worker-allowed")).toBe("/app")
    expect(worker.headers.get("cache-control")).toBe("no-cache")
    expect(worker.headers.get("content-security-policy")).toMatch(/^default-src 'none'; connect-src 'self';/)
    const etag = worker.headers.get("etag") as string
    expect((await ask("/app/sw.js", { "If-None-Match": etag })).status).toBe(304)
  })

  test("the worker keeps the parts of the page, and each is there", async () => {
    const { files, named } = JSON.parse(
      (await (await ask("/app/sw.js")).text()).match(/^self\.SHELL=(.*);$/m)?.[1] ?? "",
    )
    for (const name of named) expect(files).toContain(`/app/${name}`)
    for (const [, part] of (await (await ask("/app")).text()).matchAll(/"(\/app\/assets\/[^"]+)"/g))
      expect(files).toContain(part)
    for (const file of files) expect((await ask(file)).status).toBe(200)
  })

  test("the manifest names the page and its icons", async () => {
    const { body } = await app.http.get("/app/manifest.webmanifest")
    expect(body).toMatchObject({ name: "Chat", start_url: "/app", scope: "/app", display: "standalone" })
    expect(body.icons.map(({ sizes }: { sizes: string }) => sizes)).toEqual(["192x192", "512x512", "512x512"])
    for (const { src } of body.icons) expect((await ask(src)).headers.get("content-type")).toBe("image/png")
  })
})

test("a browser finds the way there from /, and curl still gets the two words", async () => {
  expect(await (await ask("/", { Accept: "text/html" })).text()).toMatch(/Home Route[\s\S]*href="\/app"/)
  expect(await (await ask("/")).text()).toBe("Home Route")
})
