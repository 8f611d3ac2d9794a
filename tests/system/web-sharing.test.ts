import type { Page } from "playwright-core"
import { describe, expect, test } from "vitest"
import { newMobileNumber, type SignedIn, signIn } from "../helpers/app.ts"
import { ask, createRoom } from "../helpers/chat.ts"
import { addRoom } from "../helpers/rooms.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"
import { chromium, reads, useWeb } from "./web-kit.ts"

const TEXT = `# The answer

| left | right |
| --- | ---: |
| a | 1 |

\`\`\`ts
const answer = 42
\`\`\``

describe.skipIf(chromium === null)("a shared conversation in a browser (Chromium is on the PATH)", () => {
  const app = useTestApp()
  const ann = useUser(app, { pro: true })
  const web = useWeb(app)

  /** Shares a room. @returns the path of its link */
  async function share(room: { id: string }): Promise<string> {
    const { body } = await ann.http.post(`/chatroom/${room.id}/share`, {})
    return new URL(body.url).pathname
  }
  async function shared(name: string): Promise<{ room: { id: string }; path: string }> {
    const room = await createRoom(app, ann, { name })
    await ask(app, ann, room, `[[gemini: echo=${JSON.stringify(TEXT)}]] a question`)
    return { room, path: await share(room) }
  }
  const continueIn = (page: Page, name = "Continue in a copy") =>
    page.getByRole("button", { name }).first().click()
  const roomsOf = async (user: SignedIn) => (await user.http.get("/chatroom")).body

  test("a private window reads it as it was written, and no request tells where it is", async () => {
    const { room, path } = await shared("Shared with all")
    const window = await web.open()
    const referers: string[] = []
    window.context.on("request", async (request) => {
      const { referer } = await request.allHeaders()
      if (referer) referers.push(referer)
    })
    const page = await window.tab(path)
    await reads(page, ".shared h1", "Shared with all")
    await reads(page, ".said", "a question")
    await reads(page, ".hljs-keyword", "const")
    expect(await page.locator(".prose table td").allInnerTexts()).toEqual(["a", "1"])
    expect(await page.title()).toBe("Shared with all · Chat")
    expect(await page.locator(".versions, .actions, textarea").count()).toBe(0)
    expect(await page.locator("meta[name=robots]").getAttribute("content")).toContain("noindex")
    await expect.poll(() => referers).toEqual([])
    // It was read once: what came with the page isn't asked for again.
    const views = async () => (await ann.http.get(`/chatroom/${room.id}/share`)).body.views
    await expect.poll(views).toBe(1)
  })

  test("a sentence leads to its source there, too", async () => {
    const room = await createRoom(app, ann)
    const reply = await ask(app, ann, room, '[[gemini: echo="The snail won. So they say."]] who won?')
    const uri = "https://example.com/snails"
    const citation = { uri, title: "Snails", license: null, start: 0, end: "The snail won.".length }
    await app.query("UPDATE messages SET citations = $2 WHERE id = $1", reply.id, JSON.stringify([citation]))
    const page = await (await web.open()).tab(await share(room))
    const mark = page.locator(".reply .cite a")
    await mark.waitFor()
    expect(await mark.getAttribute("href")).toBe(uri)
  })

  test("without scripts it is text", async () => {
    const { path } = await shared("Shared as text")
    const page = await (await web.open(null, { javaScriptEnabled: false })).tab(path)
    await reads(page, "h1", "Shared as text")
    await reads(page, ".text", "const answer = 42")
  })

  test("who is signed in continues in a copy of their own, which outlives the link", async () => {
    const { room, path } = await shared("To be continued")
    const bob = await signIn(app)
    const window = await web.open(bob)
    const page = await window.tab(path)
    await continueIn(page)
    await page.waitForURL("**/app/chat/*")
    await reads(page, ".top-bar h1", "To be continued")
    await reads(page, ".prose", "The answer")
    const [copy] = await roomsOf(bob)
    expect(copy.id).not.toBe(room.id)

    await ann.http.delete(`/chatroom/${room.id}/share`)
    web.expectProblem(/ 404 .*\/shared\//)
    const late = await window.tab(path)
    await reads(late, "h1", "Nothing is shared here")
    await page.reload()
    await reads(page, ".prose", "The answer")
  })

  test("who isn't signed in does that first, and gets the copy then", async () => {
    const { path } = await shared("For a newcomer")
    const number = newMobileNumber()
    const page = await (await web.open()).tab(path)
    await continueIn(page, "Sign in to continue in a copy")
    await reads(page, ".sign-in", "opens in a copy of your own")
    expect(page.url()).not.toContain(path)
    await page.getByLabel("Mobile number").fill(number)
    await page.getByLabel("Mobile number").press("Enter")
    await page.getByRole("button", { name: "Fill in" }).click()
    await page.waitForURL("**/app/chat/*")
    await reads(page, ".top-bar h1", "For a newcomer")
    await reads(page, ".prose", "The answer")
  })

  test("a link that is withdrawn while it is read leads to no copy, and says so", async () => {
    const { room, path } = await shared("Withdrawn meanwhile")
    const bob = await signIn(app)
    const page = await (await web.open(bob, { locale: "de-DE" })).tab(path)
    await reads(page, ".shared h1", "Withdrawn meanwhile")
    await ann.http.delete(`/chatroom/${room.id}/share`)
    web.expectProblem(/ 404 .*\/continue/)
    await continueIn(page, "In einer Kopie weiterführen")
    await reads(page, ".toast", "Dieser Link wurde zurückgezogen")
    expect(await roomsOf(bob)).toEqual([])
  })

  test("a long one comes page by page", async () => {
    const path = await share({ id: await addRoom(app, ann.user.id, 120) })
    const page = await (await web.open()).tab(path)
    await page.locator("article").nth(49).waitFor()
    await expect
      .poll(async () => {
        await page.mouse.wheel(0, 100_000)
        return page.locator("article").count()
      })
      .toBe(120)
    await reads(page, "article", "hello 119")
  })
})
