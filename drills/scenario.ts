import { SECOND } from "../src/utils/time.ts"
import { type Client, createClient } from "./client.ts"
import { type Cluster, type ClusterOptions, startCluster } from "./cluster.ts"
import { checkInvariants, type Verdict } from "./invariants.ts"
import { type Load, startLoad } from "./load.ts"
import { createRandom, type Random } from "./random.ts"
import { createTakeovers, percentile, type Takeovers } from "./takeovers.ts"

/** What goes wrong in a drill, and how often. One file of `scenarios/` each. */
export interface Scenario {
  name: string
  /** In a few words, for `--help`. */
  about: string
  /** Does the damage while the load runs; ends when no more is to come. */
  run(stage: Stage): Promise<void>
}

/** All that a scenario may lay hands on. */
export interface Stage {
  cluster: Cluster
  load: Load
  takeovers: Takeovers
  random: Random
  /** How often to strike. */
  strikes: number
  signal: AbortSignal
}

export interface ScenarioOptions extends Omit<ClusterOptions, "env"> {
  seed: number
  strikes: number
  prompts: number
  users?: number
  conversations?: number
  signal: AbortSignal
  /** Lines of progress. */
  say?: (line: string) => void
}

export interface Outcome {
  scenario: string
  verdicts: Verdict[]
  /** What was measured, named for a reader. */
  figures: [name: string, value: string][]
  takeoverMs: number[]
  seconds: number
}

/** A killed worker's replies are begun anew within this time. */
export const TAKEOVER_WITHIN_MS = 8 * SECOND
const PROGRESS_EVERY_MS = 5 * SECOND

/** Starts a cluster, lets users talk, does the scenario's damage, and looks at what is left. */
export async function runScenario(scenario: Scenario, options: ScenarioOptions): Promise<Outcome> {
  const { signal, strikes, say = () => undefined } = options
  const startedAt = performance.now()
  const random = createRandom(options.seed).fork(scenario.name)
  await using stack = new AsyncDisposableStack()
  const cluster = await startCluster(stack, options)
  const client = createClient(
    cluster.apis.flatMap(({ url }) => url ?? []),
    random.fork("client"),
    signal,
  )
  const load = await startLoad(client, {
    random: random.fork("load"),
    users: options.users ?? 12,
    conversations: options.conversations ?? 2,
    prompts: options.prompts,
    signal,
  })
  const takeovers = createTakeovers(cluster.pool, cluster.attempts)
  const stage: Stage = { cluster, load, takeovers, random: random.fork("strikes"), strikes, signal }
  const progress = setInterval(() => say(describeProgress(stage, startedAt)), PROGRESS_EVERY_MS)
  stack.defer(() => clearInterval(progress))
  await scenario.run(stage)
  say(`${since(startedAt)} no more damage; waiting for the last replies`)
  await load.finish()
  signal.throwIfAborted()
  const verdicts = await checkInvariants(cluster, client, load)
  return {
    scenario: scenario.name,
    verdicts: [...verdicts, judgeTakeovers(takeovers), await judgeStop(cluster)],
    figures: measure(stage, client),
    takeoverMs: takeovers.times(),
    seconds: (performance.now() - startedAt) / SECOND,
  }
}

const since = (startedAt: number) =>
  `[${((performance.now() - startedAt) / SECOND).toFixed(0).padStart(4)} s]`

function describeProgress({ takeovers, strikes, load, cluster }: Stage, startedAt: number): string {
  const { exchanges } = load
  const answered = load.answered()
  const parts = [
    `${takeovers.kills()}/${strikes} kills`,
    `${exchanges.length} prompts accepted`,
    `${answered} answered`,
    `${exchanges.length - answered} under way`,
    `${takeovers.times().length} replies taken over`,
    `${cluster.attempts.total()} attempts`,
  ]
  return `${since(startedAt)} ${parts.join(" · ")}`
}

/** The hundredth may have lost its second worker too, in the moment between notice and new attempt. */
function judgeTakeovers(takeovers: Takeovers): Verdict {
  const times = takeovers.times()
  const p99 = percentile(times, 0.99)
  const claim = `99 of 100 replies of a killed worker are begun anew within ${TAKEOVER_WITHIN_MS / SECOND} s`
  const broken = p99 > TAKEOVER_WITHIN_MS ? [`p99 is ${inSeconds(p99)}`] : []
  return { id: "T1", claim, checked: times.length, broken }
}

async function judgeStop(cluster: Cluster): Promise<Verdict> {
  const checked = cluster.apis.length + cluster.workers.length
  return {
    id: "S1",
    claim: "every process stops in order, within 10 s of SIGTERM",
    checked,
    broken: await cluster.stop(),
  }
}

function measure({ load, cluster, takeovers }: Stage, client: Client): Outcome["figures"] {
  const times = takeovers.times()
  const { exchanges } = load
  const sum = (of: (heard: (typeof exchanges)[number]["heard"]) => number) =>
    String(exchanges.reduce((total, { heard }) => total + of(heard), 0))
  return [
    ["kills", String(takeovers.kills())],
    ["prompts accepted", String(exchanges.length)],
    ["… of which failed, as they were to", String(exchanges.filter(({ kind }) => kind === "blocked").length)],
    ["replies taken over", String(times.length)],
    [
      "takeover p50 / p99 / max",
      [0.5, 0.99, 1].map((share) => inSeconds(percentile(times, share))).join(" / "),
    ],
    ["attempts", String(cluster.attempts.total())],
    ["resets heard", sum(({ resets }) => resets)],
    ["streams resumed", sum(({ connections }) => connections - 1)],
    ["requests tried again", String(client.retries())],
  ]
}

const inSeconds = (ms: number) => `${(ms / SECOND).toFixed(2)} s`
