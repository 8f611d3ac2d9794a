import { pause, SECOND } from "../../../src/utils/time.ts"
import { until } from "../../lib/until.ts"
import { isAnswered } from "../exchange.ts"
import type { Scenario, Stage } from "../scenario.ts"
import { lasting, overloadGemini } from "./strikes.ts"

/** In the full drill. */
const STALLS = 30

/** The contract's. */
const CALLS_PER_PROMPT = 1.2

/** Gemini is overloaded for a while; when it is back it breaks off and falls silent often. */
export const providerStorm: Scenario = {
  name: "provider-storm",
  about: "Gemini answers 503 for a while, then breaks off or falls silent in many replies",
  explains:
    "Gemini answers every call with 503 for 30 s (5 s in the quick drill) while many prompts come, then replies again. G1 counts the calls for the prompts sent in the storm, until their replies were there. Afterwards a quarter of the replies break off once and, in the full drill, 30 fall silent once.",
  async run(stage) {
    const { load, isQuick, signal } = stage
    load.mix = {}
    await storm(stage)
    load.mix = { cut: 0.25 }
    // A silence is only known for one after 30 s.
    const stalled = isQuick ? [] : await load.burst({ count: STALLS, mix: { stalled: 1 } })
    await load.burst({ count: isQuick ? 12 : 60, mix: load.mix, perSecond: 10 })
    stage.note("replies that fell silent once", String(stalled.length))
    const areDone = () => stalled.every(isAnswered)
    await until("the replies that fell silent are there", areDone, { timeoutMs: 90 * SECOND, signal })
  },
}

async function storm(stage: Stage): Promise<void> {
  const { cluster, load, isQuick, signal } = stage
  const { gemini } = cluster
  const lastsMs = lasting(stage, { quick: 5 * SECOND, full: 30 * SECOND })
  const perSecond = isQuick ? 20 : 10
  const from = Date.now()
  // What is called for next stands first in the queue: this is only for calls that come from now on.
  overloadGemini(stage, "all")
  await Promise.all([
    load.burst({ count: (perSecond * lastsMs) / SECOND, perSecond, mix: {} }),
    pause(lastsMs, signal),
  ])
  const to = Date.now()
  await endScript(gemini.url)
  const sent = load.exchanges.filter(({ sentAt, kind }) => sentAt >= from && sentAt < to && kind === "plain")
  const texts = new Set(sent.map(({ text }) => text))
  stage.demand("G1", `in the storm, at most ${CALLS_PER_PROMPT} calls to Gemini per prompt`, () => {
    const calls = gemini.calls().filter(({ prompt }) => prompt !== null && texts.has(prompt))
    const refused = calls.filter(({ status }) => status === 503).length
    const perPrompt = calls.length / sent.length
    stage.note("prompts sent in the storm", String(sent.length))
    stage.note("calls to Gemini for them", `${calls.length}, of which ${refused} were answered 503`)
    stage.note("calls per prompt", perPrompt.toFixed(2))
    const broken = perPrompt > CALLS_PER_PROMPT ? [`${perPrompt.toFixed(2)} calls per prompt`] : []
    return { checked: sent.length, broken }
  })
}

async function endScript(url: string): Promise<void> {
  const { ok } = await fetch(`${url}/__admin/script`, { method: "DELETE" })
  if (!ok) throw new Error("the simulator's script can't be ended")
}
