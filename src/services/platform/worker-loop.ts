import { type Loop, startLoop } from "../../utils/loop.ts"
import type { Context } from "../context.ts"

/** Starts a worker loop that counts its rounds by outcome. A failed round is logged and doesn't end the loop. */
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
