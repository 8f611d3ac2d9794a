import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import type { AxeResults } from "axe-core"
import type { Page } from "playwright-core"
import { describe, expect, test } from "vitest"
import { ask, createRoom } from "../helpers/chat.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"
import { chromium, lastReply, reads, useWeb } from "./web-kit.ts"

const PHONE = { width: 390, height: 844 }
const DESK = { width: 1440, height: 900 }
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8")

const RICH = `# A heading

Some **bold** text, \`code\`, a [link](https://example.com), and ![a picture](https://example.com/x.png).

- one
  1. nested

- [x] done

| left | right |
| :--- | ----: |
| a    |     1 |

> quoted

\`\`\`ts
const answer: number = 42 // a line that is long enough to be wider than the screen of any telephone there is
\`\`\`

مرحبا بالعالم
`

const HOSTILE = [
  "<script>document.title = 'owned'</script>",
  "<img src=x onerror=\"document.title='owned'\">",
  "[click](javascript:document.title='owned') [data](data:text/html,owned) <javascript:alert(1)>",
  "![remote](https://example.com/pixel.png) [![nested](https://example.com/a.png)](https://example.com)",
  "<a href='//example.com' onclick=alert(1)>link</a> <iframe srcdoc='<script>1</script>'></iframe>",
  `\u202Ereversed Z${"\u0353\u0301".repeat(200)}algo`,
  '```"><img src=x onerror=alert(1)>\ncode\n```',
].join("\n\n")

describe.skipIf(chromium === null)("the looks of the web client (Chromium is on the PATH)", () => {
  const app = useTestApp()
  const user = useUser(app, { pro: true })
  const web = useWeb(app)

  const echo = (text: string) => `[[gemini: echo=${JSON.stringify(text)}]]`

  // Contrast goes with the colours and width with the size, so both of each are seen in two runs.
  test.each([
    ["light, on a telephone", { viewport: PHONE, colorScheme: "light" }],
    ["dark, on a desk", { viewport: DESK, colorScheme: "dark" }],
  ] as const)("every page is sound to axe and as wide as its window: %s", async (_, window) => {
    const room = await createRoom(app, user, { name: "A room of one's own" })
    await ask(app, user, room, echo(RICH))
    const signedOut = await (await web.open(null, window)).tab()
    await reads(signedOut, "h1", "Sign in")
    await expectSound(signedOut)
    const page = await (await web.open(user, window)).tab()
    await reads(page, "h1", "What would you like to know?")
    await expectSound(page)
    await page.goto(`${app.url}/app/chat/${room.id}`)
    await reads(page, ".hljs-keyword", "const")
    await expectSound(page)
    await page.goto(`${app.url}/app/account`)
    await reads(page, ".plan-name", "Pro")
    await expectSound(page)
    await page.keyboard.press("Control+k")
    await page.locator("dialog[open]").waitFor()
    await expectSound(page)
    await page.keyboard.press("Escape")
    if (window.viewport === DESK) return
    await page.getByLabel("Show conversations").click()
    await page.locator("#rooms.shown").waitFor()
    await expectSound(page)
  })

  test("a hostile reply is text: no script, no picture, no link but to the web", async () => {
    const room = await createRoom(app, user)
    const replied = await ask(app, user, room, echo(HOSTILE))
    expect(replied.content).toContain("onerror")
    const page = await (await web.open(user)).tab(`/app/chat/${room.id}`)
    await page.getByLabel("Another reply").waitFor()
    const prose = lastReply(page).locator(".prose")
    expect(await prose.locator("script, img, iframe, [onclick], [style]").count()).toBe(0)
    const links = await prose.locator("a").evaluateAll((all) => all.map((one) => one.getAttribute("href")))
    expect(new Set(links)).toEqual(new Set(["https://example.com/pixel.png", "https://example.com"]))
    for (const kept of ['target="_blank"', 'rel="noopener noreferrer nofollow"'])
      expect(await prose.innerHTML()).toContain(kept)
    expect(await page.title()).not.toContain("owned")
  })

  test.each([
    ["a line of a million characters", "x".repeat(1_000_000)],
    ["ten thousand nested lists", `${"- ".repeat(10_000)}x`],
    ["ten thousand quotes in each other", `${">".repeat(10_000)} deep`],
  ])("%s: shown, and the page stays in use", async (_, text) => {
    const room = await createRoom(app, user)
    const head = await ask(app, user, room, "hello")
    await app.query("UPDATE messages SET content = $2 WHERE id = $1", head.id, text)
    const page = await (await web.open(user)).tab(`/app/chat/${room.id}`)
    await page.getByLabel("Another reply").waitFor()
    await page.getByLabel("Message", { exact: true }).fill("still here")
    expect(await page.getByLabel("Message", { exact: true }).inputValue()).toBe("still here")
  })
})

/** @throws where axe finds something that bars somebody, or where something has to be scrolled sideways */
async function expectSound(page: Page): Promise<void> {
  const isWider = "document.documentElement.scrollWidth > innerWidth"
  expect(await page.evaluate(isWider), `${page.url()} is wider than its window`).toBe(false)
  await page.evaluate(AXE)
  const { violations } = await page.evaluate<AxeResults>("axe.run()")
  expect(
    violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`),
  ).toEqual([])
}
