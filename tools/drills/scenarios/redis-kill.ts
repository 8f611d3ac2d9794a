import { pause, SECOND } from "../../../src/utils/time.ts"
import type { Exchange } from "../exchange.ts"
import type { Scenario } from "../scenario.ts"
import { demandSends, lasting, redisOf, sendDuring, untilMidReply } from "./strikes.ts"

const MAX_STRIKES = 5

/** Redis dies by `kill -9`, is away for a while, and comes back empty. */
export const redisKill: Scenario = {
  name: "redis-kill",
  about: "kill -9 of Redis, which comes back empty after a while",
  explains:
    "Redis dies by `kill -9`, is away for some seconds and comes back empty, at most 5 times. R1 are the sends meanwhile, measured at the client.",
  needsRedis: true,
  async run(stage) {
    const { isQuick, strikes, signal, struck } = stage
    const redis = redisOf(stage)
    const sent: Exchange[] = []
    const awayMs = lasting(stage, { quick: 2 * SECOND, full: 5 * SECOND })
    for (let strike = 0; strike < Math.min(strikes, isQuick ? 1 : MAX_STRIKES); strike++) {
      await untilMidReply(stage)
      await redis.kill()
      struck()
      sent.push(...(await sendDuring(stage, awayMs, () => pause(awayMs, signal))))
      await redis.start()
      await pause(2 * SECOND, signal)
    }
    demandSends(stage, sent)
  },
}
