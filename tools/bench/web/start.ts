import { type Desk, holds, openTab } from "./desk.ts"

/** As much slower than this machine as a telephone is. */
const PHONE = 4

/** After so long without a long task a page is at rest. */
const REST_MS = 1_000

/**
 * Loads a page with an empty cache on a slow processor, until its field and its newest message are painted and the last task
 * of 50 ms or more is over.
 * @param text what the newest message contains; null: there is none
 * @returns milliseconds from the navigation on
 */
export async function measureStart(desk: Desk, path: string, text: string | null): Promise<number> {
  const { page, close } = await openTab(desk, { slower: PHONE, isGuest: text === null })
  await page.goto(desk.url + path)
  const shownAt =
    text === null ? 0 : ((await page.evaluate(`probe.shown(${JSON.stringify(text)})`)) as number)
  await holds(
    page,
    `probe.shownAt !== null && performance.now() - Math.max(probe.shownAt, probe.lastTaskEnd) > ${REST_MS}`,
  )
  const at = (await page.evaluate("Math.max(probe.shownAt, probe.lastTaskEnd)")) as number
  await close()
  return Math.max(at, shownAt)
}
