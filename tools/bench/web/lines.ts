import type { WebResult } from "../helpers/report.ts"
import type { Web } from "../measures/web.ts"

/** The lines of the report, with the goals of what is measured. */
export function webLines({ load, signIn, thread, opening, chunks, typing, memory }: Web): WebResult[] {
  const size = (what: string, bytes: number, goal: number | null): WebResult => {
    return { what, unit: "KB", goal, ours: [bytes / 1024] }
  }
  const chunk = (name: "p50Ms" | "p95Ms" | "firstPaintMs", what: string, goal: number): WebResult => {
    const [ours, bare] = [chunks.ours, chunks.bare].map((all) => all.map((times) => times[name]))
    return { what, unit: "ms", goal, ours: ours as number[], bare }
  }
  return [
    size("first load with gzip: to sign in", load.signInBytes, 90),
    size("… to read a conversation", load.threadBytes, 90),
    size("… code in it adds", load.codeBytes, null),
    size("… mathematics in it adds", load.mathematicsBytes, null),
    {
      what: "to sign in, interactive on a processor 4 × slower",
      unit: "ms",
      goal: 1_000,
      ours: signIn,
    },
    { what: "a conversation, interactive there", unit: "ms", goal: 1_000, ...thread },
    { what: "a room of 10,000 messages, from click to paint", unit: "ms", goal: 300, ...opening },
    chunk("p50Ms", "a piece of text to the document, 200 turns, p50", 15),
    chunk("p95Ms", "… p95", 40),
    chunk("firstPaintMs", "the first piece to paint", 50),
    { what: "INP while 10 kB/s arrive", unit: "ms", goal: 200, ...typing },
    {
      what: `memory after ${memory.deltas.toLocaleString("en")} deltas in ${(memory.ms / 1000).toFixed(0)} s`,
      unit: "MB",
      goal: 20,
      ours: [memory.bytes / 2 ** 20],
    },
  ]
}
