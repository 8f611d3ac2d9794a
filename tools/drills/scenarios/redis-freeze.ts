import { pause, SECOND } from "../../../src/utils/time.ts"
import type { Scenario } from "../scenario.ts"
import { demandSends, lasting, redisOf, sendDuring, untilMidReply } from "./strikes.ts"

/** Redis stops answering, with every connection still open, and goes on later. */
export const redisFreeze: Scenario = {
  name: "redis-freeze",
  about: "SIGSTOP of Redis for 30 s (8 s with --quick), then SIGCONT",
  explains:
    "Redis is stopped by SIGSTOP for 30 s (8 s in the quick drill): connections stay open and nothing answers. R1 are the sends meanwhile, measured at the client.",
  needsRedis: true,
  async run(stage) {
    const { signal, struck } = stage
    const redis = redisOf(stage)
    const frozenMs = lasting(stage, { quick: 8 * SECOND, full: 30 * SECOND })
    await untilMidReply(stage)
    redis.freeze()
    struck()
    const sent = await sendDuring(stage, frozenMs, () => pause(frozenMs, signal)).finally(() => redis.thaw())
    demandSends(stage, sent)
  },
}
