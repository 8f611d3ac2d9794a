import { pause, SECOND } from "../../../src/utils/time.ts"
import { openProxiedStores } from "../../lib/stores.ts"
import type { Scenario, Stage } from "../scenario.ts"
import { lasting, untilMidReply } from "./strikes.ts"

/** The issue's: by then the dead connections are thrown away. */
const NORMAL_AFTER_MS = 15 * SECOND

/** A request that meets a dead connection is answered within this time; the rest is a busy machine's. */
const ANSWER_WITHIN_MS = 10 * SECOND + 3 * SECOND
const PROBE_EVERY_MS = 500
const MAX_STRIKES = 3

/** All open connections to the stores go silent, as behind a firewall that has forgotten them. */
export const stranded: Scenario = {
  name: "stranded",
  about: "every open connection to PostgreSQL and Redis goes silent; new ones work",
  explains:
    "A proxy in front of PostgreSQL and Redis drops every open connection silently, at most 3 times: nothing passes on it any more, nobody is told, and new connections work. A prompt that was accepted is committed; one whose answer is lost is sent again under its key. N1: requests meanwhile are answered within 10 s (and 3 s for a busy machine), if only with 503, and those from 15 s on with what they ask for.",
  isLong: true,
  openStores: openProxiedStores,
  hurtsPostgres: true,
  async run(stage) {
    const { stores, strikes, isQuick, struck, signal } = stage
    const probes: Probe[] = []
    for (let strike = 0; strike < Math.min(strikes, isQuick ? 1 : MAX_STRIKES); strike++) {
      await untilMidReply(stage)
      for (const proxy of stores.proxies ?? []) proxy.strand()
      struck()
      probes.push(...(await probe(stage, lasting(stage, { quick: 18 * SECOND, full: 30 * SECOND }))))
      signal.throwIfAborted()
    }
    const slowest = Math.max(0, ...probes.map(({ tookMs }) => tookMs))
    const refused = probes.filter(({ status }) => status !== 200).length
    stage.note("requests meanwhile", `${probes.length}, of which ${refused} were refused`)
    stage.note("slowest of them", `${(slowest / SECOND).toFixed(1)} s`)
    const claim = "a silent connection holds a request up for 10 s at most, and nothing after 15 s"
    stage.demand("N1", claim, () => ({ checked: probes.length, broken: probes.flatMap(judge) }))
  },
}

interface Probe {
  /** Since the connections went silent. */
  atMs: number
  tookMs: number
  /** 0 where no answer came at all. */
  status: number
}

/** Asks every API process for something that PostgreSQL must say, again and again for `ms`. */
async function probe({ cluster, load, signal }: Stage, ms: number): Promise<Probe[]> {
  const [user] = load.users
  const token = await user?.token()
  const from = performance.now()
  const probes: Promise<Probe>[] = []
  const ask = async (url: string): Promise<Probe> => {
    const startedAt = performance.now()
    const headers = { Authorization: `Bearer ${token}` }
    const status = await fetch(url, { headers, signal }).then(
      async (response) => {
        await response.arrayBuffer()
        return response.status
      },
      () => 0,
    )
    return { atMs: startedAt - from, tookMs: performance.now() - startedAt, status }
  }
  while (performance.now() - from < ms && !signal.aborted) {
    for (const { url } of cluster.apis) probes.push(ask(`${url}/user/me`), ask(`${url}/chatroom`))
    await pause(PROBE_EVERY_MS, signal)
  }
  return Promise.all(probes)
}

function judge({ atMs, tookMs, status }: Probe): string[] {
  const when = `a request ${(atMs / SECOND).toFixed(1)} s later`
  if (tookMs > ANSWER_WITHIN_MS) return [`${when} took ${(tookMs / SECOND).toFixed(1)} s`]
  if (status === 200 || (status === 503 && atMs < NORMAL_AFTER_MS)) return []
  return [`${when} was answered ${status}`]
}
