import { type Loop, startLoop } from "../../utils/loop.ts"
import type { Context } from "../context.ts"

/** Starts a loop of a worker's. Its rounds are counted by how they end; one that fails is logged, and the loop goes on. */
export function startWorkerLoop(
  ctx: Context,
  everyMs: number,
  loop: string,
  round: () => Promise<unknown>,
): Loop {
  const count = (outcome: "ok" | "failed") => ctx.metrics.workerRounds.inc({ loop, outcome })
  return startLoop(
    everyMs,
    async () => {
      await round()
      count("ok")
    },
    (err) => {
      count("failed")
      ctx.log.warn({ err }, `${loop} failed`)
    },
  )
}
