import { HOUR, pause, SECOND } from "../../../src/utils/time.ts"
import type { Scenario, Stage } from "../scenario.ts"
import {
  crashPostgres,
  killApi,
  killWorker,
  overloadGemini,
  redisOf,
  untilMidReply,
  untilWorkersAreBack,
  withSkewedClock,
} from "./strikes.ts"

const MAX_STRIKES = 20
const FAULTS_AT_ONCE = 2

/** Several things break at once, while one worker's clock is off. */
export const mixed: Scenario = {
  name: "mixed",
  about: "several of these at once, with one worker's clock 2 h off",
  explains:
    "Two faults at once, drawn by the seed from: worker killed, API killed, Redis killed, frozen or flushed, PostgreSQL stopped, Gemini answering 503; one worker's clock is 2 h ahead throughout.",
  hurtsPostgres: true,
  async run(stage) {
    const { strikes, random, signal, cluster } = stage
    const [skewed] = cluster.workers
    if (!skewed) throw new Error("a worker is needed")
    const drawn: string[] = []
    await withSkewedClock(skewed, 2 * HOUR, async () => {
      for (let strike = 0; strike < Math.min(strikes, MAX_STRIKES); strike++) {
        await untilMidReply(stage)
        const faults = draw(stage)
        drawn.push(...faults.map(([name]) => name))
        await Promise.all(faults.map(([, hurt]) => hurt(stage)))
        await pause(random.int(200, 2_000), signal)
      }
      await untilWorkersAreBack(stage)
    })
    stage.note("what was drawn", drawn.join(", "))
  },
}

type Fault = [name: string, hurt: (stage: Stage) => Promise<void> | void]

function draw({ stores, random }: Stage): Fault[] {
  const left = [...FAULTS, ...(stores.redis ? REDIS_FAULTS : [])]
  return Array.from({ length: FAULTS_AT_ONCE }, () => {
    const fault = random.pick(left)
    left.splice(left.indexOf(fault), 1)
    return fault
  })
}

const FAULTS: Fault[] = [
  ["worker", killSomeWorker],
  ["api", killApi],
  ["postgres", crashPostgres],
  ["gemini", (stage) => overloadGemini(stage, 5)],
]

const REDIS_FAULTS: Fault[] = [
  ["redis kill", (stage) => hurtRedis(stage, "kill", SECOND, "start")],
  ["redis freeze", (stage) => hurtRedis(stage, "freeze", 2 * SECOND, "thaw")],
  ["flush", (stage) => hurtRedis(stage, "flush")],
]

async function hurtRedis(
  stage: Stage,
  hurt: "kill" | "freeze" | "flush",
  lastsMs = 0,
  heal?: "start" | "thaw",
): Promise<void> {
  const redis = redisOf(stage)
  await redis[hurt]()
  stage.struck()
  await pause(lastsMs, stage.signal)
  if (heal) await redis[heal]()
}

/** Not the one with the wrong clock: that one would come back with the right one. */
async function killSomeWorker(stage: Stage): Promise<void> {
  const [, other] = stage.cluster.workers
  if (other) await await killWorker(stage, other)
}
