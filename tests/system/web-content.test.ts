import { readFileSync } from "node:fs"
import type { Page } from "playwright-core"
import { describe, expect, test } from "vitest"
import { ask, createRoom } from "../helpers/chat.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"
import { chromium, lastReply, reads, useWeb } from "./web-kit.ts"

describe.skipIf(chromium === null)("what a reply looks like (Chromium is on the PATH)", () => {
  const app = useTestApp()
  const user = useUser(app, { pro: true })
  const web = useWeb(app)

  /** Opens a room with a reply that says `text`. */
  async function openReply(text: string): Promise<Page> {
    const room = await createRoom(app, user)
    const reply = await ask(app, user, room, "hello")
    await app.query("UPDATE messages SET content = $2 WHERE id = $1", reply.id, text)
    const page = await (await web.open(user)).tab(`/app/chat/${room.id}`)
    await page.getByLabel("Another reply").waitFor()
    return page
  }

  test("a footnote is below the text, a step there and a step back, and two replies' don't meet", async () => {
    const room = await createRoom(app, user)
    const text =
      "One[^a], two[^b] and one[^a].\n\n[^b]: The **second**.\n[^a]: The first.\n\n[^c]: Never named."
    for (const _ of [1, 2]) {
      const reply = await ask(app, user, room, "hello")
      await app.query("UPDATE messages SET content = $2 WHERE id = $1", reply.id, text)
    }
    const page = await (await web.open(user)).tab(`/app/chat/${room.id}`)
    await expect.poll(() => page.getByLabel("Another reply").count()).toBe(2)
    expect(await lastReply(page).locator(".notes li").allInnerTexts()).toEqual([
      "The first. ↩",
      "The second. ↩",
    ])
    expect(await lastReply(page).locator(".note-mark").allInnerTexts()).toEqual(["1", "2", "1"])
    const ids = await page.locator("[id]").evaluateAll((all) => all.map(({ id }) => id))
    expect(new Set(ids).size).toBe(ids.length)
    await lastReply(page).getByRole("link", { name: "Footnote 2" }).click()
    expect(await lastReply(page).locator(".notes li:target").innerText()).toBe("The second. ↩")
    await lastReply(page).getByRole("link", { name: "Back to the text" }).nth(1).click()
    expect(await page.locator(":target").innerText()).toBe("2")
    expect(new URL(page.url()).pathname).toContain(room.id)
  })

  test("code is copied, wrapped and saved under a name of its language", async () => {
    const code = `const long = "${"word ".repeat(80)}"`
    const page = await openReply(`\`\`\`typescript\n${code}\n\`\`\``)
    const block = lastReply(page).locator("figure.code")
    await block.getByRole("button", { name: "Copy" }).click()
    await block.getByRole("button", { name: "Copied" }).waitFor()
    expect(await page.evaluate("navigator.clipboard.readText()")).toBe(code)
    const width = () => block.locator("pre").evaluate((pre) => pre.scrollWidth - pre.clientWidth)
    expect(await width()).toBeGreaterThan(0)
    const wrap = block.getByRole("button", { name: "Wrap" })
    await wrap.click()
    expect(await wrap.getAttribute("aria-pressed")).toBe("true")
    expect(await width()).toBe(0)
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      block.getByRole("button", { name: "Download" }).click(),
    ])
    expect(download.suggestedFilename()).toBe("code.ts")
    expect(readFileSync(await download.path(), "utf8")).toBe(code)
  })

  test("a reply is copied as Markdown or as text", async () => {
    const page = await openReply("Some **bold** text &amp; [a link](https://example.com/).")
    await page.getByLabel("Copy as Markdown").click()
    await page.getByLabel("Copied").waitFor()
    const copied = () => page.evaluate("navigator.clipboard.readText()")
    expect(await copied()).toBe("Some **bold** text &amp; [a link](https://example.com/).")
    await page.getByLabel("More", { exact: true }).click()
    await page.getByRole("menuitem", { name: "Copy as text" }).click()
    await reads(page, ".toast", "The text is copied.")
    expect(await copied()).toBe("Some bold text & a link (https://example.com/).")
  })

  test("formulas are set by classes, prices are text, and what can't be read is its source", async () => {
    const page = await openReply(
      "So $x^2$ costs $5 or $10.\n\n$$\n\\begin{aligned} a &= \\color{red}{b} \\\\ c &= \\boxed{d} \\end{aligned}\n$$\n\nBroken: $\\frac{1$.",
    )
    const prose = lastReply(page).locator(".prose")
    await prose.locator("math").first().waitFor()
    expect(await prose.locator("math").count()).toBe(2)
    expect(await prose.locator("p").first().innerText()).toContain("costs $5 or $10.")
    expect(await prose.locator("math mtable mtr").count()).toBe(2)
    expect(await prose.locator("code.source").allInnerTexts()).toEqual(["$\\frac{1$"])
    expect(await prose.locator("[style]").count()).toBe(0)
  })

  test("each block has the direction of its own text, and code stays as it is", async () => {
    const page = await openReply(
      "# عنوان\n\nنص عربي مع `npm start`.\n\n- أولا\n- ثانيا\n\n> اقتباس\n\nAn English paragraph with עברית in it.\n\n```js\n// תגובה\n```\n\nשלום English\n\n日本語の段落。",
    )
    const blocks = lastReply(page).locator(".block")
    const directions = await page.evaluate(
      `[...document.querySelectorAll(".reply .block, .reply pre")].map((one) => getComputedStyle(one).direction)`,
    )
    expect(directions).toEqual(["rtl", "rtl", "rtl", "rtl", "ltr", "ltr", "ltr", "rtl", "ltr"])
    // The bullets stand where the lines begin.
    const [list, item] = await Promise.all(
      ["ul", "ul li"].map((one) => blocks.locator(one).first().boundingBox()),
    )
    expect((list?.x ?? 0) + (list?.width ?? 0)).toBeGreaterThan((item?.x ?? 0) + (item?.width ?? 0) + 10)
  })

  test("a sign that turns the direction ends with its link or block", async () => {
    const page = await openReply("See [\u202Emoc.live](https://example.com) after it.\n\nNext block.")
    const width = (text: string) => page.evaluate(`(${widthOf})(${JSON.stringify(text)})`)
    expect(await width("after it")).toBeGreaterThan(0)
    expect(await width("Next block")).toBeGreaterThan(0)
  })

  test.each([
    ["marks of emphasis", "_a".repeat(30_000)],
    ["marks of both kinds", "_*a".repeat(20_000)],
    ["a table of ten thousand rows", `| a | b |\n| - | - |\n${"| c | d |\n".repeat(10_000)}`],
    ["accents upon accents", `Z${"\u0353\u0301".repeat(20_000)}`],
    ["a word of a hundred thousand letters", "x".repeat(100_000)],
    ["formulas without an end", "$x_".repeat(20_000)],
    ["links without an end", "[a](".repeat(20_000)],
  ])("%s: shown within bounds, and the page stays in use", async (_, text) => {
    const page = await openReply(text)
    expect(await lastReply(page).locator(".prose *").count()).toBeLessThan(60_000)
    expect(await page.evaluate("document.documentElement.scrollWidth > innerWidth")).toBe(false)
    await page.getByLabel("Message", { exact: true }).fill("still here")
    expect(await page.getByLabel("Message", { exact: true }).inputValue()).toBe("still here")
  })

  test("hostile formulas are harmless, and small", async () => {
    const page = await openReply(`${Object.values(HOSTILE_FORMULAS).join("\n\n")}\n\n$fine$`)
    const prose = lastReply(page).locator(".prose")
    await prose.locator("math").last().waitFor()
    expect(await prose.locator("a, img, script, [style], [href], .app, #root").count()).toBe(0)
    expect(await prose.locator("*").count()).toBeLessThan(5_000)
    expect(await page.evaluate("document.documentElement.scrollWidth > innerWidth")).toBe(false)
  })
})

/** In the page: how far it is from the first letter of `words` to the last, to the right. */
const widthOf = `(words) => {
  const walker = document.createTreeWalker(document.querySelector(".reply .prose"), NodeFilter.SHOW_TEXT)
  let node = walker.nextNode()
  while (!node.textContent.includes(words)) node = walker.nextNode()
  const at = node.textContent.indexOf(words)
  const range = document.createRange()
  const x = (offset) => {
    range.setStart(node, offset)
    range.setEnd(node, offset + 1)
    return range.getBoundingClientRect().x
  }
  return x(at + words.length - 1) - x(at)
}`

const HOSTILE_FORMULAS = {
  links: "$\\href{javascript:alert(1)}{x}$ $\\url{javascript:alert(1)}$",
  pictures: "$\\includegraphics{https://example.com/x.png}$",
  looks: "$\\style{background:url(//example.com)}{x}$ $\\class{app}{x}$ $\\id{root}{x}$",
  macrosThatGrow: `$\\def\\a{xx}\\def\\b{${"\\a".repeat(8)}}\\def\\c{${"\\b".repeat(8)}}\\def\\d{${"\\c".repeat(8)}}\\d\\d\\d$`,
  macroThatCallsItself: "$\\def\\a{\\a\\a}\\a$",
  braces: `$${"{".repeat(480)}x${"}".repeat(480)}$`,
  roots: `$$${"\\sqrt{".repeat(700)}x${"}".repeat(700)}$$`,
  html: "$\\text{<img src=x onerror=alert(1)>}$ $<script>$",
  size: "$\\rule{9999em}{9999em}\\kern{9999em}x$",
}
