import { describe, expect, test } from "vitest"
import { signIn } from "../helpers/app.ts"
import { createRoom } from "../helpers/chat.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"
import { chromium, reads, say, useWeb } from "./web-kit.ts"

describe.skipIf(chromium === null)(
  "tabs of the web client beside each other (Chromium is on the PATH)",
  () => {
    const app = useTestApp()
    const user = useUser(app, { pro: true })
    const web = useWeb(app)

    test("a deleted room can be brought back while another tab opens", async () => {
      const room = await createRoom(app, user, { name: "precious" })
      const asked: string[] = []
      const window = await web.open(user)
      window.context.on("request", (request) => {
        if (request.method() === "DELETE") asked.push(request.url())
      })
      const page = await window.tab()
      const item = page.locator("#rooms .room").filter({ hasText: "precious" })
      await item.hover()
      await item.getByLabel("Options of precious").click()
      await page.getByRole("menuitem", { name: "Delete" }).click()
      const undo = page.locator(".toast").getByRole("button", { name: "Undo" })
      await undo.waitFor()
      const other = await window.tab()
      await other.getByLabel("Message", { exact: true }).waitFor()
      expect(await other.locator("#rooms .room").filter({ hasText: "precious" }).count()).toBe(0)
      await undo.click()
      for (const tab of [page, other])
        await tab.locator("#rooms .room").filter({ hasText: "precious" }).waitFor()
      expect(asked).toEqual([])
      expect((await user.http.get(`/chatroom/${room.id}`)).status).toBe(200)
    })

    test("signing out doesn't wait for the service", async () => {
      const ann = await signIn(app)
      const page = await (await web.open(ann)).tab("/app/account")
      await page.route("**/auth/logout", () => undefined)
      await page.getByRole("button", { name: "Sign out", exact: true }).click()
      await reads(page, "h1", "Sign in")
    })

    test("a tab that has missed a change of user loads anew", async () => {
      const [ann, ben] = [await signIn(app), await signIn(app)]
      await createRoom(app, ann, { name: "of the first" })
      await createRoom(app, ben, { name: "of the second" })
      const page = await (await web.open(ann)).tab()
      await reads(page, "#rooms .room", "of the first")
      const kept = JSON.stringify({ token: ben.token, refreshToken: ben.refreshToken })
      await page.evaluate(`{
      localStorage.setItem("chat.tokens", ${JSON.stringify(kept)})
      document.dispatchEvent(new Event("resume"))
    }`)
      await reads(page, "#rooms .room", "of the second")
      expect(await page.locator("#rooms .room").filter({ hasText: "of the first" }).count()).toBe(0)
    })

    test("a new chat stays where it is when another tab's first message makes its room", async () => {
      const window = await web.open(user)
      const [one, other] = [await window.tab(), await window.tab()]
      for (const tab of [one, other]) await tab.getByLabel("Message", { exact: true }).waitFor()
      await other.getByLabel("Message", { exact: true }).fill("still being written")
      const { promise: held, resolve: letGo } = Promise.withResolvers<void>()
      await window.context.route("**/chatroom", async (route) => {
        if (route.request().method() === "POST") await held
        await route.continue()
      })
      await say(one, "a beginning over there")
      await reads(other, "[data-outgoing]", "a beginning over there")
      letGo()
      await one.waitForURL(/\/app\/chat\/[\w-]+$/)
      await expect.poll(() => other.locator("[data-outgoing]").count()).toBe(0)
      expect(new URL(other.url()).pathname).toBe("/app")
      expect(await other.getByLabel("Message", { exact: true }).inputValue()).toBe("still being written")
    })
  },
)
