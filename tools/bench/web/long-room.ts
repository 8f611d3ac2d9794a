import { BARE_PATH } from "./bare-page.ts"
import { type Desk, openTab } from "./desk.ts"

/** A room, and what its newest message contains. */
export interface Room {
  id: string
  text: string
}

/** Opens a room from the list, in a tab that has just been opened. @returns milliseconds from the click to the paint */
export async function measureOpening(desk: Desk, { id, text }: Room): Promise<number> {
  const { page, close } = await openTab(desk)
  await page.goto(`${desk.url}/app`)
  const link = `a[href="/app/chat/${id}"]`
  await page.locator(link).waitFor()
  const ms = await page.evaluate(timed(`document.querySelector(${JSON.stringify(link)}).click()`, text))
  await close()
  return ms as number
}

/** The same in the bare page, which asks for the room and writes it down. */
export async function measureBareOpening(desk: Desk, { id, text }: Room): Promise<number> {
  const { page, close } = await openTab(desk)
  await page.goto(desk.url + BARE_PATH)
  const ms = await page.evaluate(timed(`openRoom(${JSON.stringify(id)})`, text))
  await close()
  return ms as number
}

const timed = (action: string, text: string) => `(async () => {
  const startedAt = performance.now()
  void ${action}
  return (await probe.shown(${JSON.stringify(text)})) - startedAt
})()`
