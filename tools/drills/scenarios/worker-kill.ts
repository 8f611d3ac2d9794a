import { MINUTE, SECOND } from "../../../src/utils/time.ts"
import type { Attempt } from "../../lib/attempts.ts"
import type { Service } from "../../lib/cluster.ts"
import { until } from "../../lib/until.ts"
import type { Exchange } from "../exchange.ts"
import type { Scenario, Stage } from "../scenario.ts"
import { killWorker, readyWorkers, untilWorkersAreBack } from "./strikes.ts"

/** A worker dies by `kill -9` while Gemini is at a random chunk of a reply, and is started again, over and over. */
export const workerKill: Scenario = {
  name: "worker-kill",
  about: "kill -9 of a worker at a random chunk of a reply, and a new one in its place",
  explains:
    "Workers die by `kill -9` at a random chunk of a reply; another worker takes their replies over and begins them anew. T1 is the time from the death to the new attempt.",
  async run(stage) {
    while (stage.takeovers.kills().length < stage.strikes) {
      await untilOneMayDie(stage)
      const target = await aim(stage)
      if (!(await isReached(stage, target))) continue
      await killWorker(stage, target.worker)
    }
    await untilWorkersAreBack(stage)
  },
}

/** Somebody must be left to take over. */
async function untilOneMayDie({ cluster, signal }: Stage): Promise<void> {
  await until("two workers are up", () => readyWorkers(cluster).length > 1, { timeoutMs: MINUTE, signal })
}

interface Target {
  worker: Service
  attempt: Attempt
  exchange: Exchange
  /** How many chunks Gemini has sent when the worker dies. */
  chunk: number
}

/** A reply that is running on a random worker, and a chunk of it. */
function aim({ cluster, load, random, signal }: Stage): Promise<Target> {
  const look = () => {
    const worker = random.pick(readyWorkers(cluster))
    const running = cluster.attempts.runningOn(worker.child().pid)
    if (running.length === 0) return null
    const attempt = random.pick(running)
    const exchange = load.exchanges.find(({ replyId }) => replyId === attempt.replyId)
    return exchange ? { worker, attempt, exchange, chunk: random.int(0, exchange.chunks) } : null
  }
  return until("a worker has a reply to make", look, { timeoutMs: MINUTE, signal })
}

/** Waits for the chunk. @returns false when the attempt was over before */
async function isReached({ cluster, signal }: Stage, { exchange, attempt, chunk }: Target): Promise<boolean> {
  const isOver = () => !cluster.attempts.runningOn(attempt.pid).includes(attempt)
  const isThere = () => {
    const call = cluster.gemini.calls().findLast(({ prompt }) => prompt === exchange.text)
    return call !== undefined && call.startedAt >= attempt.startedAt && call.chunksSent >= chunk
  }
  await until("a reply reaches a chunk", () => isThere() || isOver(), { signal, timeoutMs: 20 * SECOND })
  return isThere()
}
