import { describe, expect, test } from "vitest"
import { signIn } from "../helpers/app.ts"
import { ask, createRoom } from "../helpers/chat.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"
import { chromium, reads, useWeb } from "./web-kit.ts"

describe.skipIf(chromium === null)("what stands in the way is said (Chromium is on the PATH)", () => {
  const app = useTestApp()
  const user = useUser(app, { pro: true })
  const web = useWeb(app)

  test("an account that couldn't be loaded can't be changed, and comes with the network", async () => {
    const ann = await signIn(app)
    await ann.http.patch("/user/me", { name: "Ann" })
    const { context, tab } = await web.open(ann, { serviceWorkers: "allow" })
    const page = await tab("/app/account")
    await page.locator(".plan-name").waitFor()
    await page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    web.expectProblem(/ERR_INTERNET_DISCONNECTED|ERR_FAILED/)
    await context.setOffline(true)
    await page.reload()
    await reads(page, ".not-loaded", "Your account couldn't be loaded.")
    expect(await page.locator("form, meter, .delete").count()).toBe(0)
    await context.setOffline(false)
    await page.locator(".plan-name").waitFor()
    expect(await page.getByLabel("Name", { exact: true }).inputValue()).toBe("Ann")
    await page.locator(".sessions li").first().waitFor()
  })

  test("a message that is too long, and one with a file that failed, say what to do before they are sent", async () => {
    const room = await createRoom(app, user)
    const page = await (await web.open(user)).tab(`/app/chat/${room.id}`)
    const field = page.getByLabel("Message", { exact: true })
    const send = page.getByRole("button", { name: "Send", exact: true })
    await field.fill("x".repeat(32_001))
    await reads(page, ".send-note", "32,001 characters, and a message takes up to 32,000")
    expect(await send.isDisabled()).toBe(true)
    expect(await send.getAttribute("aria-describedby")).toBe("send-note")
    await field.press("Enter")
    expect((await field.inputValue()).length).toBe(32_001)
    // As the service counts: characters, and not halves of pairs.
    await field.fill("🙂".repeat(32_000))
    await expect.poll(() => send.isEnabled()).toBe(true)

    await field.fill("with a file")
    const buffer = Buffer.alloc(10 * 1024 * 1024 + 1)
    await page
      .locator("input[type=file]")
      .setInputFiles([{ name: "large.txt", mimeType: "text/plain", buffer }])
    await reads(page, ".uploads li.failed", "Larger than 10 MB")
    await reads(page, ".send-note", "Remove the file that failed")
    expect(await send.isDisabled()).toBe(true)
    await page.getByLabel("Remove large.txt").click()
    await expect.poll(() => send.isEnabled()).toBe(true)
    const five = Array.from({ length: 5 }, (_, n) => ({
      name: `${n}.txt`,
      mimeType: "text/plain",
      buffer: Buffer.from(`file ${n}`),
    }))
    await page.locator("input[type=file]").setInputFiles(five)
    await reads(page, ".uploads", "A message takes up to 4 files.")
    await expect.poll(() => send.isEnabled()).toBe(true)
    await send.click()
    await expect.poll(() => page.locator(".uploads").count()).toBe(0)
  })

  test("a reply that is stopped is said to be, and the field has the focus again", async () => {
    const room = await createRoom(app, user)
    const page = await (await web.open(user)).tab(`/app/chat/${room.id}`)
    await page
      .getByLabel("Message", { exact: true })
      .fill("[[gemini: stall after=3 times=1]] a story, please")
    await page.keyboard.press("Enter")
    await page.locator(".reply .prose").waitFor()
    await page.getByLabel("Stop the reply").click()
    await reads(page, "[aria-live=polite]", "Stopped.")
    expect(await page.evaluate("document.activeElement.getAttribute('aria-label')")).toBe("Message")
  })

  test("a conversation that isn't there leads to a new one, and one in the archive says so", async () => {
    web.expectProblem(/ 40[04] /)
    const page = await (await web.open(user)).tab("/app/chat/nonsense")
    await page.locator(".greeting").getByRole("link", { name: "New chat" }).click()
    await page.waitForURL("**/app")
    const room = await createRoom(app, user)
    await user.http.patch(`/chatroom/${room.id}`, { archived: true })
    await page.goto(`${app.url}/app/chat/${room.id}`)
    await reads(page, "main", "In the archive")
    await page.locator("main").getByRole("button", { name: "Take out of the archive" }).click()
    await expect.poll(() => page.getByText("In the archive").count()).toBe(0)
  })

  test("a file that can't be imported is refused in words before it is sent", async () => {
    const page = await (await web.open(user)).tab("/app/account")
    await page.getByRole("button", { name: "Import a file" }).click()
    for (const [name, bytes, words] of [
      ["empty.json", [], "The file is empty."],
      ["picture.json", [0x89, 0x50, 0x4e, 0x47], "This isn't a JSON file."],
      ["archive.json", [0x50, 0x4b, 3, 4], "This is an archive."],
      ["archive.gz", [0x1f, 0x8b, 8, 0], "This is an archive."],
    ] as const) {
      await page
        .locator("dialog input[type=file]")
        .setInputFiles([{ name, mimeType: "application/json", buffer: Buffer.from(bytes) }])
      await reads(page, "dialog [role=alert]", words)
      await page.getByRole("button", { name: "Import another file" }).click()
    }
  })

  test("quotations and lists in each other stay on a phone's screen", async () => {
    const room = await createRoom(app, user)
    const { id } = await ask(app, user, room, "hello")
    const lists = Array.from({ length: 20 }, (_, n) => `${"  ".repeat(n)}- level ${n}`).join("\n")
    const table = `| ${"name | ".repeat(12)}\n|${"---|".repeat(12)}\n| ${"a cell of words | ".repeat(12)}`
    const marks = `Z${"\u0353\u0301".repeat(60)}algo`
    const content = `${">".repeat(20)} deep words in quotations\n\n${lists}\n\n${table}\n\n${marks}`
    await app.query("UPDATE messages SET content = $2 WHERE id = $1", id, content)
    const options = { viewport: { width: 390, height: 844 } }
    const page = await (await web.open(user, options)).tab(`/app/chat/${room.id}`)
    await reads(page, ".prose", "deep words in quotations")
    const beyond = await page
      .locator(".prose")
      .evaluateAll(
        (all) =>
          all.flatMap((prose) =>
            [...prose.querySelectorAll("blockquote, li, p")].filter(
              (one) => one.getBoundingClientRect().right > 390 || one.getBoundingClientRect().width < 40,
            ),
          ).length,
      )
    expect(beyond).toBe(0)
  })
})
