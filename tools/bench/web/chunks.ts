import type { Page } from "playwright-core"
import { ask, type Desk, holds, script } from "./desk.ts"
import { markedText } from "./texts.ts"

export interface ChunkTimes {
  /** From the arrival of a piece of text to its place in the document. */
  p50Ms: number
  p95Ms: number
  /** From the arrival of the first piece to the frame after it, at the latest. */
  firstPaintMs: number
}

let prompts = 0

/** Lets a reply arrive in so many pieces and looks when each is in the page, which shows the room. */
export async function measureChunks(
  desk: Desk,
  page: Page,
  { roomId, chunks, size, delayMs }: { roomId: string; chunks: number; size: number; delayMs: number },
): Promise<ChunkTimes> {
  const prompt = `Tell me about queues, ${++prompts}`
  const echo = JSON.stringify(markedText(chunks, size))
  await script(desk, prompt, `chunks=${chunks} delay=${delayMs} echo=${echo}`)
  await page.evaluate("probe.begin()")
  const reply = await ask(desk, roomId, prompt)
  await holds(page, `probe.painted.length >= ${chunks}`)
  await reply.completed()
  const { arrived, inDocument, painted } = (await page.evaluate(
    "({ arrived: probe.arrived, inDocument: probe.inDocument, painted: probe.painted })",
  )) as Record<"arrived" | "inDocument" | "painted", number[]>
  const times = inDocument.map((at, mark) => at - (arrived[mark] as number)).sort((a, b) => a - b)
  const at = (part: number) => times[Math.floor(part * (times.length - 1))] as number
  return {
    p50Ms: at(0.5),
    p95Ms: at(0.95),
    firstPaintMs: (painted[0] as number) - (arrived[0] as number),
  }
}
