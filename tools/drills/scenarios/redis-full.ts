import { MINUTE, pause, SECOND } from "../../../src/utils/time.ts"
import { until } from "../../lib/until.ts"
import { isAnswered } from "../exchange.ts"
import type { Scenario } from "../scenario.ts"
import { demandSends, lasting, redisOf, sendDuring, untilMidReply } from "./strikes.ts"

/** Redis has no memory left: reads are answered, writes refused. */
export const redisFull: Scenario = {
  name: "redis-full",
  about: "Redis is full for 30 s (5 s with --quick), and until the replies of then are there",
  explains:
    "`CONFIG SET maxmemory 1` for 30 s (5 s in the quick drill): Redis answers reads and refuses writes, until the replies to all prompts of that time are there. An accepted prompt means the same as ever: workers take it from PostgreSQL. R1 are the sends meanwhile, measured at the client. F1: their replies ended while Redis was full, and every API process's health was `degraded` and said why.",
  needsRedis: true,
  async run(stage) {
    const { cluster, signal, struck } = stage
    const redis = redisOf(stage)
    const fullMs = lasting(stage, { quick: 5 * SECOND, full: 30 * SECOND })
    await untilMidReply(stage)
    await redis.fill(true)
    struck()
    const problems: string[] = []
    try {
      const sent = await sendDuring(stage, fullMs, () => pause(fullMs, signal))
      for (const { url } of cluster.apis) problems.push(...(await judgeHealth(`${url}/health/ready`)))
      demandSends(stage, sent)
      const areThere = () => sent.every(isAnswered)
      await until("the replies are there", areThere, { timeoutMs: MINUTE, signal }).catch(() => undefined)
      signal.throwIfAborted()
      problems.push(...sent.filter((one) => !isAnswered(one)).map(({ replyId }) => `${replyId} had no end`))
      const claim = "their replies end while Redis is full, and health says that it is"
      stage.demand("F1", claim, () => ({ checked: sent.length, broken: problems }))
    } finally {
      await redis.fill(false)
    }
  },
}

async function judgeHealth(url: string): Promise<string[]> {
  const text = await (await fetch(url)).text()
  const { status, problems } = JSON.parse(text) as { status: string; problems: string[] }
  return status === "degraded" && problems.some((one) => one.includes("Redis is full"))
    ? []
    : [`${url} says ${text}`]
}
