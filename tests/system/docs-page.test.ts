import { beforeAll, describe, expect, test } from "vitest"
import { createRoom } from "../helpers/chat.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"
import { chromium, openTab, type Tab } from "./browser.ts"
import { sharedStack } from "./kit.ts"

describe.skipIf(chromium === null)("the documentation in a browser (Chromium is on the PATH)", () => {
  const stack = sharedStack()
  const app = useTestApp()
  const ann = useUser(app)
  let tab: Tab

  beforeAll(async () => {
    tab = await openTab(stack, chromium as string)
  })

  const reads = (selector: string) => expect.poll(() => tab.text(selector))
  const click = (selector: string) =>
    tab.evaluate(`document.querySelector(${JSON.stringify(selector)}).click()`)

  async function open(operation = ""): Promise<void> {
    await tab.open("about:blank")
    await tab.open(`${app.url}/docs${operation && `#/${operation}`}`)
    await reads("body").toContain("/chatroom/{id}/message")
  }

  test("a token stays for the tab, and a message gets its 202 rather than a stream", async () => {
    const room = await createRoom(app, ann)
    await open()
    await click(".auth-wrapper .authorize")
    await expect
      .poll(() => tab.evaluate("document.querySelectorAll('.auth-container input').length > 0"))
      .toBe(true)
    await tab.write(".auth-container input", ann.token)
    await click(".auth-container .authorize")
    await reads(".auth-container").toContain("Logout")

    await open("Messages/postMessage")
    await expect
      .poll(() => tab.evaluate("document.querySelector('.opblock.is-open .execute') !== null"))
      .toBe(true)
    await tab.write(".opblock.is-open .parameters input", room.id)
    // What is typed counts once the field is left.
    await tab.evaluate("document.activeElement.blur()")
    await click(".opblock.is-open .execute")
    await reads(".opblock.is-open .live-responses-table tbody .response-col_status").toContain("202")
    expect(await tab.text(".opblock.is-open .live-responses-table")).toContain('"role": "user"')
    expect(tab.problems).toEqual([])
  })

  test("its examples have a number of the tab's own", async () => {
    await open("Sign-in/postSignUp")
    await expect
      .poll(() => tab.evaluate("document.querySelector('.opblock.is-open textarea')?.value"))
      .toMatch(/"mobileNumber": "202555\d{4}"/)
    expect(await tab.evaluate("document.body.innerText.includes('1234567890')")).toBe(false)
  })
})
