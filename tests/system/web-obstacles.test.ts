import { describe, expect, test } from "vitest"
import { signIn } from "../helpers/app.ts"
import { createRoom } from "../helpers/chat.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"
import { chromium, reads, useWeb } from "./web-kit.ts"

describe.skipIf(chromium === null)("what stands in the way is said (Chromium is on the PATH)", () => {
  const app = useTestApp()
  const user = useUser(app, { pro: true })
  const web = useWeb(app)

  test("an account that couldn't be loaded can't be changed, and comes with the network", async () => {
    const ann = await signIn(app)
    await ann.http.patch("/user/me", { name: "Ann" })
    const { context, tab } = await web.open(ann)
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
})
