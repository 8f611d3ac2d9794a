import { readFileSync } from "node:fs"
import { pause, SECOND } from "../../../src/utils/time.ts"
import type { Cluster } from "../../lib/cluster.ts"
import type { Scenario } from "../scenario.ts"
import { lasting } from "./strikes.ts"

const MEGABYTE = 1_000_000

/** How much an API process may grow by serving at all: a fresh one has a small heap. */
export const BASE_BYTES = 100 * MEGABYTE

/** How much the API processes may grow for each reader that doesn't read. */
const PER_READER_BYTES = 1 * MEGABYTE

/** Listeners of long replies read the first event and then nothing for a while. */
export const slowReaders: Scenario = {
  name: "slow-readers",
  about: "listeners of long replies stop reading for a while",
  explains:
    "Listeners of replies of several hundred kilobytes read one event and then nothing for 25 s (4 s in the quick drill); the server may cut them off, and they resume. M1 is how much the API processes grew meanwhile, by their resident memory.",
  async run(stage) {
    const { cluster, load, isQuick, signal, struck } = stage
    const readers = isQuick ? 10 : 60
    const before = residentBytes(cluster)
    const resting = Promise.withResolvers<void>()
    await load.burst({
      count: readers,
      chunks: 40,
      delayMs: 40,
      words: isQuick ? 40_000 : 100_000,
      mix: {},
      manner: { rests: resting.promise, hangsUp: 0 },
    })
    struck()
    let peak = 0
    const watch = setInterval(() => {
      peak = Math.max(peak, residentBytes(cluster) - before)
    }, 200)
    await pause(lasting(stage, { quick: 4 * SECOND, full: 25 * SECOND }), signal)
    clearInterval(watch)
    resting.resolve()
    if (before === 0) return stage.note("memory", "can't be read on this system")
    const mayGrow = cluster.apis.length * BASE_BYTES + readers * PER_READER_BYTES
    stage.note("slow readers", String(readers))
    stage.note("API processes together grew by", inMegabytes(peak))
    stage.demand("M1", `the API processes grow by less than ${inMegabytes(mayGrow)} together`, () => ({
      checked: readers,
      broken: peak > mayGrow ? [`they grew by ${inMegabytes(peak)}`] : [],
    }))
  },
}

/** Of the API processes together; 0 where it can't be known. */
export function residentBytes({ apis }: Cluster): number {
  const sizes = apis.map((api) => {
    try {
      const status = readFileSync(`/proc/${api.child().pid}/status`, "utf8")
      return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024
    } catch {
      return 0
    }
  })
  return sizes.reduce((sum, size) => sum + size, 0)
}

export const inMegabytes = (bytes: number) => `${(bytes / MEGABYTE).toFixed(0)} MB`
