import { describe, expect, test } from "vitest"
import { ask, createRoom } from "../helpers/chat.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"
import { chromium, lastReply, useWeb } from "./web-kit.ts"

const HOSTILE = [
  "<script>document.title = 'owned'</script>",
  "<img src=x onerror=\"document.title='owned'\">",
  "[click](javascript:document.title='owned') [data](data:text/html,owned) <javascript:alert(1)>",
  "![remote](https://example.com/pixel.png) [![nested](https://example.com/a.png)](https://example.com)",
  "<a href='//example.com' onclick=alert(1)>link</a> <iframe srcdoc='<script>1</script>'></iframe>",
  `\u202Ereversed Z${"\u0353\u0301".repeat(200)}algo`,
  '```"><img src=x onerror=alert(1)>\ncode\n```',
].join("\n\n")

describe.skipIf(chromium === null)("hostile texts in the web client (Chromium is on the PATH)", () => {
  const app = useTestApp()
  const user = useUser(app, { pro: true })
  const web = useWeb(app)

  const echo = (text: string) => `[[gemini: echo=${JSON.stringify(text)}]]`

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
