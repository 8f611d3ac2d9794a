import type { Tab } from "./desk.ts"
import { ask, type Desk, holds, script } from "./desk.ts"
import { markedText } from "./texts.ts"

/** Ten a second, as many as a quick model sends, for an hour. */
export const HOUR_OF_DELTAS = 36_000

const CHUNKS = 2_000

/** Lets replies arrive as fast as they come, until so many deltas came. @returns bytes by which the page's heap has grown */
export async function measureMemory(
  desk: Desk,
  { page, devtools }: Tab,
  { roomId, deltas }: { roomId: string; deltas: number },
): Promise<{ bytes: number; deltas: number; ms: number }> {
  const before = await usedBytes()
  const startedAt = performance.now()
  let came = 0
  for (let replies = 1; came < deltas; replies += 1) {
    const prompt = `Another ${CHUNKS} pieces about queues, number ${replies}`
    const echo = JSON.stringify(markedText(CHUNKS, 12))
    await script(desk, prompt, `chunks=${CHUNKS} delay=1 echo=${echo}`)
    await page.evaluate("probe.begin()")
    const reply = await ask(desk, roomId, prompt)
    await reply.completed()
    await holds(page, `probe.painted.length >= ${CHUNKS}`)
    came += (await page.evaluate("probe.deltas")) as number
  }
  await page.evaluate("probe.begin()")
  return { bytes: (await usedBytes()) - before, deltas: came, ms: performance.now() - startedAt }

  /** After its garbage is collected: twice, since the first frees what the second finds dead. */
  async function usedBytes(): Promise<number> {
    for (let n = 0; n < 2; n += 1) await devtools.send("HeapProfiler.collectGarbage")
    return (await devtools.send("Runtime.getHeapUsage")).usedSize
  }
}
