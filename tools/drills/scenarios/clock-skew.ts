import { HOUR, pause, SECOND } from "../../../src/utils/time.ts"
import type { Scenario } from "../scenario.ts"
import { killWorker, lasting, untilMidReply, withSkewedClock } from "./strikes.ts"

const SKEW_MS = 2 * HOUR

/** One worker's clock is two hours off, ahead and then behind, while the other one dies and it takes over. */
export const clockSkew: Scenario = {
  name: "clock-skew",
  about: "one worker's clock is 2 h ahead, then 2 h behind, and it takes over from another that is killed",
  explains:
    "One worker runs with a clock 2 h ahead and then 2 h behind (`Date` of that process is shifted by a preload); meanwhile the other worker is killed, so that the one with the wrong clock takes over.",
  async run(stage) {
    const { cluster, isQuick, signal, random } = stage
    const [skewed, other] = cluster.workers
    if (!skewed || !other) throw new Error("two workers are needed")
    const shifts = isQuick ? [random.pick([SKEW_MS, -SKEW_MS])] : [SKEW_MS, -SKEW_MS]
    const breathMs = lasting(stage, { quick: 1 * SECOND, full: 5 * SECOND })
    for (const clockShiftMs of shifts)
      await withSkewedClock(skewed, clockShiftMs, async () => {
        stage.note("clock of one worker", `${clockShiftMs > 0 ? "+" : "−"}2 h`)
        await pause(breathMs, signal)
        await untilMidReply(stage)
        await await killWorker(stage, other)
        await pause(breathMs, signal)
      })
  },
}
