import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Page } from "playwright-core"
import { describe, expect, test } from "vitest"
import { newId } from "../../src/utils/ids.ts"
import { openFolder } from "../../tools/lib/stores.ts"
import { signIn } from "../helpers/app.ts"
import { ask, createRoom } from "../helpers/chat.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"
import { fixture } from "../transfer/kit.ts"
import { chromium, reads, useWeb } from "./web-kit.ts"

/** An exported room as an importer must at least have it. */
const conversation = (name: string, parentId?: string) => ({
  format: "chatroom",
  version: 1,
  chatroom: { name },
  messages: [{ id: newId(), role: "user", content: `said in ${name}`, ...(parentId ? { parentId } : {}) }],
})

describe.skipIf(chromium === null)("import and export in the web client (Chromium is on the PATH)", () => {
  const app = useTestApp()
  const user = useUser(app)
  const web = useWeb(app)

  const file = (name: string, content: unknown) => ({
    name,
    mimeType: "application/json",
    buffer: Buffer.from(typeof content === "string" ? content : JSON.stringify(content)),
  })
  const openImport = (page: Page) => page.getByRole("button", { name: "Import a file" }).click()
  const choose = (page: Page, given: Parameters<ReturnType<Page["locator"]>["setInputFiles"]>[0]) =>
    page.locator(".drop input").setInputFiles(given)

  test.each([
    ["ChatGPT", "chatgpt"],
    ["Open WebUI", "open-webui"],
  ])("what %s exports comes in, and stands in the list", async (_, name) => {
    const ann = await signIn(app)
    const window = await web.open(ann)
    const page = await window.tab("/app/account")
    const asked: string[] = []
    window.context.on("request", (request) => {
      if (request.url().includes("/message/")) asked.push(request.url())
    })
    await openImport(page)
    await choose(
      page,
      file(`${name}.json`, fixture(name).replaceAll('"archived": true', '"archived": false')),
    )
    await reads(page, "dialog .report", "in your list")
    const rooms = (await ann.http.get("/chatroom")).body as { name: string }[]
    expect(rooms.length).toBeGreaterThan(0)
    await page.getByRole("button", { name: "Close" }).last().click()
    await expect
      .poll(() => page.locator("#rooms .room .name").allInnerTexts())
      .toEqual(rooms.map((room) => room.name))
    // What was said long ago is no news.
    expect(asked).toEqual([])
    expect(await page.title()).not.toContain("(")
  })

  test("a report counts what came in, and says of the rest which it was and why", async () => {
    const ann = await signIn(app)
    const page = await (await web.open(ann, { locale: "de-DE" })).tab("/app/account")
    await page.getByRole("button", { name: "Datei importieren" }).click()
    await choose(page, file("two.json", [conversation("good"), conversation("bad", newId()), { odd: 1 }]))
    await reads(page, "dialog .report", "1 Unterhaltung steht in deiner Liste.")
    await reads(page, "dialog summary", "2 Probleme")
    expect(await page.locator("dialog .report li").allInnerTexts()).toEqual([
      "Unterhaltung 2 messages[0].parentIdEine Nachricht folgt auf eine, die vor ihr nicht da ist.",
      "Unterhaltung 3Das ist keine Unterhaltung in einer Form, die sich importieren lässt.",
    ])
  })

  test("a file that is none says so, and another can be chosen at once", async () => {
    const page = await (await web.open(await signIn(app))).tab("/app/account")
    await openImport(page)
    await choose(page, file("broken.json", '[{"format": "chatroom"'))
    await reads(page, "dialog .report", "The file couldn't be imported.")
    await reads(page, "dialog .report li", "cut off")
    await page.getByRole("button", { name: "Import another file" }).click()
    web.expectProblem(/ 415 .*\/import/)
    await choose(page, {
      name: "export.zip",
      mimeType: "application/zip",
      buffer: Buffer.from("PK\u0003\u0004"),
    })
    await reads(page, "dialog [role=alert]", "This is an archive.")
    await page.getByRole("button", { name: "Import another file" }).click()
    await choose(page, file("one.json", conversation("at last")))
    await reads(page, "dialog .report", "1 conversation is in your list.")
  })

  test("an import goes on while nobody looks, and is found again after a reload", async () => {
    const ann = await signIn(app)
    const page = await (await web.open(ann)).tab("/app/account")
    await openImport(page)
    // Held back, so that it is closed and reloaded before it has ended.
    let isHeld = true
    await page.route("**/import/*", (route) =>
      isHeld
        ? route.fulfill({
            json: { ...RUNNING, id: new URL(route.request().url()).pathname.split("/").at(-1) },
          })
        : route.continue(),
    )
    await choose(
      page,
      file(
        "many.json",
        Array.from({ length: 30 }, (_, index) => conversation(`no. ${index}`)),
      ),
    )
    await reads(page, "dialog p", "3 of 30 conversations")
    expect(await page.evaluate("document.querySelector('dialog progress').position")).toBe(0.1)
    await page.keyboard.press("Escape")
    await expect.poll(() => page.locator("dialog").count()).toBe(0)
    await page.reload()
    await reads(page, "section", "An import is running.")
    await page.getByRole("button", { name: "Show it" }).click()
    isHeld = false
    await reads(page, "dialog .report", "30 conversations are in your list.")
  })

  test("sending can be cancelled, and then nothing has come in", async () => {
    const ann = await signIn(app)
    const page = await (await web.open(ann)).tab("/app/account")
    await openImport(page)
    // What is cancelled shows as an error of the network.
    web.expectProblem(/ERR_|\/import/)
    await page.route("**/chatroom/import", () => undefined)
    await choose(page, file("some.json", conversation("never")))
    await reads(page, "dialog p", "some.json is being sent")
    await page.getByRole("button", { name: "Cancel" }).click()
    await page.locator(".drop input").waitFor({ state: "attached" })
    expect((await ann.http.get("/chatroom")).body).toEqual([])
  })

  test("a file is dropped on the dialog, and not on the conversation behind it", async () => {
    await using stack = new AsyncDisposableStack()
    const path = join(await openFolder(stack), "dropped.json")
    writeFileSync(path, JSON.stringify(conversation("dropped")))
    const window = await web.open(await signIn(app))
    const page = await window.tab("/app/account")
    await openImport(page)
    const { x, y, width, height } = (await page.locator(".drop").boundingBox()) as Box
    const devtools = await window.context.newCDPSession(page)
    for (const type of ["dragEnter", "dragOver", "drop"] as const) {
      await devtools.send("Input.dispatchDragEvent", {
        type,
        x: x + width / 2,
        y: y + height / 2,
        data: { items: [], files: [path], dragOperationsMask: 1 },
      })
    }
    await reads(page, "dialog .report", "1 conversation is in your list.")
  })

  test("what was saved as JSON comes back in, branches and all", async () => {
    const room = await createRoom(app, user, { name: "There and back" })
    const reply = await ask(app, user, room, '[[gemini: echo="first"]]')
    await user.http.post(`/chatroom/${room.id}/message/${reply.id}/regenerate`, {})
    await ask(app, user, room, '[[gemini: echo="second"]]')
    const page = await (await web.open(user)).tab("/app/account")
    await page.locator("#rooms .room").filter({ hasText: "There and back" }).hover()
    await page.locator("#rooms").getByLabel("Options of There and back").click()
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("menuitem", { name: "Save as JSON" }).click(),
    ])
    expect(download.suggestedFilename()).toBe("There and back.json")
    const saved = JSON.parse(readFileSync(await download.path(), "utf8"))
    await user.http.delete(`/chatroom/${room.id}`)
    await openImport(page)
    await choose(page, file("There and back.json", saved))
    await reads(page, "dialog .report", "1 conversation is in your list.")
    const [back] = (await user.http.get("/chatroom")).body
    const { body: again } = await user.http.get(`/chatroom/${back.id}/export`)
    expect(again.messages.map(textOf)).toEqual(saved.messages.map(textOf))
    expect(again.chatroom.name).toBe("There and back")
  })

  test("the language is chosen by hand, and stays", async () => {
    const page = await (await web.open(await signIn(app))).tab("/app/account")
    await page.getByLabel("Language").selectOption("de")
    await reads(page, "h1", "Konto")
    await page.reload()
    await reads(page, "h1", "Konto")
    await page.getByLabel("Sprache").selectOption({ label: "Wie im Browser" })
    await reads(page, "h1", "Account")
  })
})

interface Box {
  x: number
  y: number
  width: number
  height: number
}

/** What the service says of an import that isn't over. */
const RUNNING = {
  status: "running",
  format: "chatroom",
  bytes: 100,
  done: 3,
  total: 30,
  chatrooms: [],
  problems: [],
  createdAt: "2026-03-01T09:30:00.000Z",
  completedAt: null,
}

const textOf = ({ role, content }: { role: string; content: string }) => [role, content]
