import { pause } from "../../../src/utils/time.ts"
import type { Scenario } from "../scenario.ts"
import { redisOf, untilMidReply } from "./strikes.ts"

/** Everything in Redis is deleted while replies are in their middle, again and again. */
export const redisFlush: Scenario = {
  name: "redis-flush",
  about: "FLUSHALL while replies are in their middle, again and again",
  explains:
    "FLUSHALL while replies are being made: jobs, live text, cache and counters are gone at once, and again.",
  needsRedis: true,
  async run(stage) {
    const { strikes, random, signal, struck } = stage
    const redis = redisOf(stage)
    for (let strike = 0; strike < strikes; strike++) {
      await untilMidReply(stage)
      await redis.flush()
      struck()
      await pause(random.int(200, 1_500), signal)
    }
  },
}
