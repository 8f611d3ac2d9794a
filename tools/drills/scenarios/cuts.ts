import { until } from "../../lib/until.ts"
import { type Exchange, isAnswered } from "../exchange.ts"
import type { Scenario } from "../scenario.ts"

/** Listeners hang up at random moments, again and again, and resume with the id of the last event. */
export const cuts: Scenario = {
  name: "cuts",
  about: "listeners hang up at random moments and resume, 1,000 times (100 with --quick)",
  explains:
    "Listeners hang up after a random number of events or milliseconds and resume with the id of the last event they read, until there were 1,000 such cuts (100 in the quick drill). C1: each of them has exactly the stored text.",
  async run({ load, isQuick, demand, note, signal, struck }) {
    const wanted = isQuick ? 100 : 1_000
    const count = () => load.exchanges.reduce((sum, { heard }) => sum + heard.cuts, 0)
    while (count() < wanted) {
      const how = { chunks: 20, delayMs: 80, mix: {}, manner: { hangsUp: 1 } }
      const burst = await load.burst({ count: isQuick ? 16 : 40, ...how })
      struck()
      await until("the cut listeners are done", () => burst.every(isAnswered), { signal })
    }
    demand("C1", `${wanted} cuts, and every listener that was cut has the stored text`, () => {
      const cutOnes = load.exchanges.filter(isCut)
      const whole = cutOnes.filter(isAnswered)
      note("cuts", String(count()))
      note("listeners that were cut, and were told the end", `${cutOnes.length}, ${whole.length}`)
      const broken = cutOnes.filter((one) => !isWhole(one)).map(({ replyId }) => `${replyId} differs`)
      return { checked: cutOnes.length, broken }
    })
  },
}

const isCut = ({ heard }: Exchange) => heard.cuts > 0
const isWhole = ({ heard }: Exchange) => heard.text === heard.dones[0]?.content
