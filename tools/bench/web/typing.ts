import type { Page } from "playwright-core"
import { ask, type Desk, holds, script } from "./desk.ts"
import { markedText } from "./texts.ts"

const LETTERS = "Somebody types a long message while the reply before it still comes in. "

/** As fast as good typists type. */
const BETWEEN_MS = 60
const PATIENCE = 6

const BYTES_PER_SECOND = 10_000
const DELAY_MS = 20
/** About what a mark takes. */
const MARK = 7

/**
 * Types while a reply arrives at 10 kB a second.
 * @returns the 98th percentile of the interactions' times to the next paint, by the Event Timing API, which knows steps of
 * 8 ms and none below 16
 */
export async function measureTyping(
  desk: Desk,
  page: Page,
  { roomId, letters }: { roomId: string; letters: number },
): Promise<number> {
  // More than the typing takes, on a busy machine too; what is left of it is cancelled.
  const chunks = Math.ceil((PATIENCE * letters * BETWEEN_MS) / DELAY_MS)
  const prompt = `Tell me more about queues, in ${chunks} pieces, ${performance.now()}`
  const echo = JSON.stringify(markedText(chunks, BYTES_PER_SECOND * (DELAY_MS / 1000) - MARK))
  await script(desk, prompt, `chunks=${chunks} delay=${DELAY_MS} echo=${echo}`)
  await page.evaluate("probe.begin()")
  const reply = await ask(desk, roomId, prompt)
  await holds(page, "probe.painted.length > 0")
  await page.locator("textarea").first().click()
  const text = LETTERS.repeat(Math.ceil(letters / LETTERS.length)).slice(0, letters)
  await page.keyboard.type(text, { delay: BETWEEN_MS })
  const isStillComing = await page.evaluate(`probe.painted.length < ${chunks}`)
  if (!isStillComing) throw new Error("The reply was over before the typing was.")
  await reply.cancel()
  await page.locator("textarea").first().fill("")
  const longest = (await page.evaluate("[...probe.interactions.values()]")) as number[]
  // A key that is quicker than 16 ms isn't reported.
  const times = [...longest, ...Array(Math.max(letters - longest.length, 0)).fill(16)].sort((a, b) => a - b)
  return times[Math.floor(0.98 * (times.length - 1))] as number
}
