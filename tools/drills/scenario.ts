import { SECOND } from "../../src/utils/time.ts"
import { type Client, createClient } from "../lib/client.ts"
import { type Cluster, type ClusterOptions, startCluster } from "../lib/cluster.ts"
import type { Heard } from "../lib/listener.ts"
import { createRandom, type Random } from "../lib/random.ts"
import type { Backend, Stores } from "../lib/stores.ts"
import { until } from "../lib/until.ts"
import { type Balance, checkBooks } from "./books.ts"
import { checkInvariants, type Verdict } from "./invariants.ts"
import { type Load, startLoad, type Talk } from "./load.ts"
import { inDollars } from "./picodollars.ts"
import { readMessages, type Stored } from "./stored.ts"
import { createTakeovers, percentile, spread, type Takeovers } from "./takeovers.ts"

/** What goes wrong in a drill, and how often. One file of `scenarios/` each. */
export interface Scenario {
  name: string
  /** In a few words, for `--help`. */
  about: string
  /** What the first lines of its table mean, in a sentence or two, for a reader of the report. */
  explains: string
  /** It hurts the Redis: there is nothing to do where the queue is in PostgreSQL. */
  needsRedis?: boolean
  /** PostgreSQL is away for a while. */
  hurtsPostgres?: boolean
  /** It is left out of the quick drill. */
  isLong?: boolean
  /** Opens stores of its own, where the usual ones don't do. It then has a cluster of its own in any drill. */
  openStores?: (stack: AsyncDisposableStack, backend: Backend, folder: string) => Promise<Stores>
  /** What users do meanwhile, where it isn't asking and listening. */
  talk?: Talk
  /** Does the damage while the load runs, from its first reply on; ends when no more is to come. */
  run(stage: Stage): Promise<void>
}

/** All that a scenario may lay hands on. */
export interface Stage {
  cluster: Cluster
  stores: Stores
  client: Client
  load: Load
  takeovers: Takeovers
  random: Random
  /** How often to strike. */
  strikes: number
  /** Short and small, for CI. */
  isQuick: boolean
  signal: AbortSignal
  /** A strike was made. */
  struck(): void
  /** Something measured, for the table. */
  note(name: string, value: string): void
  /** Something that must hold beside the invariants. `find` is called when the last reply is there. */
  demand(id: string, claim: string, find: (stored: Stored) => Findings): void
  /** PostgreSQL lost what was committed between the two, in ms since 1970. */
  lost(from: number, to: number): void
}

interface Findings {
  checked: number
  broken: string[]
}

interface LoadShape {
  seed: number
  strikes: number
  prompts: number
  users: number
  /** Scenarios that had this cluster before have used the numbers up to this one. */
  firstNumber?: number
  isQuick?: boolean
  signal: AbortSignal
  /** Lines of progress. */
  say?: (line: string) => void
}

export interface Outcome {
  scenario: string
  verdicts: Verdict[]
  /** What was measured, named for a reader. */
  metrics: [name: string, value: string][]
  takeoverMs: number[]
  prompts: number
  strikes: number
  seconds: number
}

/** A killed worker's replies are begun anew within this time. */
const TAKEOVER_WITHIN_MS = 5 * SECOND
const PROGRESS_EVERY_MS = 5 * SECOND

/** Starts a cluster, lets users talk, does the scenario's damage, looks at what is left, and stops the cluster. */
export async function runScenario(scenario: Scenario, options: ClusterOptions & LoadShape): Promise<Outcome> {
  await using stack = new AsyncDisposableStack()
  const cluster = await startCluster(stack, options)
  const outcome = await perform(scenario, cluster, options)
  return { ...outcome, verdicts: [...outcome.verdicts, await judgeStop(cluster)] }
}

/** The same on a cluster that runs, and goes on running. */
export async function perform(
  scenario: Scenario,
  cluster: Cluster,
  options: LoadShape & { stores: Stores },
): Promise<Outcome> {
  const { signal, strikes, isQuick = false, stores, say = () => undefined } = options
  const startedAt = performance.now()
  const random = createRandom(options.seed).fork(scenario.name)
  await using stack = new AsyncDisposableStack()
  cluster.gemini.reset()
  const attemptsBefore = cluster.attempts.total()
  const deathsBefore = cluster.deaths.length
  const urls = cluster.apis.flatMap(({ url }) => url ?? [])
  const client = createClient(urls, random.fork("client"), signal)
  const load = await startLoad(client, { ...options, talk: scenario.talk, random: random.fork("load") })
  const takeovers = createTakeovers(cluster.pool, cluster.attempts)
  const notes: Outcome["metrics"] = []
  const demands: ((stored: Stored) => Verdict)[] = []
  let struck = 0
  const stage: Stage = {
    cluster,
    stores,
    client,
    load,
    takeovers,
    random: random.fork("strikes"),
    strikes,
    isQuick,
    signal,
    struck: () => void struck++,
    note: (name, value) => void notes.push([name, value]),
    demand: (id, claim, find) => void demands.push((stored) => ({ id, claim, ...find(stored) })),
    lost: (from, to) => void load.losses.push({ from, to }),
  }
  const tell = () => {
    const words = [`${struck} strikes`, ...describeProgress(stage, attemptsBefore)]
    say(`${since(startedAt)} ${words.join(" · ")}`)
  }
  const progress = setInterval(tell, PROGRESS_EVERY_MS)
  stack.defer(() => clearInterval(progress))
  await until("the first replies are there", () => load.answered() > 0, { signal })
  await scenario.run(stage)
  say(`${since(startedAt)} no more damage; waiting for the last replies`)
  await load.finish()
  signal.throwIfAborted()
  const stored = await readMessages(cluster.pool, load)
  const verdicts = await checkInvariants(cluster, client, { load, stored })
  const kills = takeovers.kills()
  const { hurtsPostgres = false } = scenario
  const balance = await checkBooks(cluster, load, { kills, hurtsPostgres })
  return {
    scenario: scenario.name,
    verdicts: [
      ...verdicts,
      balance.verdict,
      ...(kills.length > 0 ? [judgeTakeovers(takeovers)] : []),
      judgeDeaths(cluster, deathsBefore),
      ...demands.map((judge) => judge(stored)),
    ],
    metrics: [
      ["strikes", String(struck)],
      ...notes,
      ...measure(stage, attemptsBefore),
      ...describeBalance(balance),
    ],
    takeoverMs: takeovers.times(),
    prompts: load.exchanges.length,
    strikes: struck,
    seconds: (performance.now() - startedAt) / SECOND,
  }
}

const since = (startedAt: number) =>
  `[${((performance.now() - startedAt) / SECOND).toFixed(0).padStart(4)} s]`

function describeProgress({ takeovers, load, cluster }: Stage, attemptsBefore: number): string[] {
  const { exchanges } = load
  const answered = load.answered()
  return [
    `${exchanges.length} prompts accepted`,
    `${answered} answered`,
    `${exchanges.length - answered} under way`,
    `${takeovers.times().length} replies taken over`,
    `${cluster.attempts.total() - attemptsBefore} attempts`,
  ]
}

/** The hundredth may have lost its second worker too, in the moment between notice and new attempt. */
function judgeTakeovers(takeovers: Takeovers): Verdict {
  const times = takeovers.times()
  const p99 = percentile(times, 0.99)
  const claim = `99 of 100 replies of a killed worker are begun anew within ${TAKEOVER_WITHIN_MS / SECOND} s`
  const broken = times.length === 0 ? ["nothing was taken over"] : []
  if (p99 > TAKEOVER_WITHIN_MS) broken.push(`p99 is ${inSeconds(p99)}`)
  return { id: "T1", claim, checked: times.length, broken }
}

function judgeDeaths({ services, deaths }: Cluster, before: number): Verdict {
  const broken = deaths.slice(before)
  return { id: "P1", claim: "no process ends unasked", checked: services.length, broken }
}

/** Stops the cluster. */
export async function judgeStop(cluster: Cluster): Promise<Verdict> {
  const claim = "every process stops in order, within 10 s of SIGTERM"
  return { id: "S1", claim, checked: cluster.services.length, broken: await cluster.stop() }
}

function measure({ load, cluster, takeovers, client }: Stage, attemptsBefore: number): Outcome["metrics"] {
  const times = takeovers.times()
  const { exchanges } = load
  const sum = (of: (heard: Heard) => number) =>
    String(exchanges.reduce((total, { heard }) => total + of(heard), 0))
  const refusals = [...client.refusals()].map(([status, count]) => `, ${count} × ${status}`)
  const taken: Outcome["metrics"] = [
    ["replies taken over", String(times.length)],
    ["takeover p50 / p99 / max", spread(times, inSeconds)],
  ]
  return [
    ["prompts accepted", String(exchanges.length)],
    ["… of which failed, as they were to", String(exchanges.filter(({ kind }) => kind === "blocked").length)],
    ...(takeovers.kills().length > 0 ? taken : []),
    ["attempts", String(cluster.attempts.total() - attemptsBefore)],
    ["resets heard", sum(({ resets }) => resets)],
    ["streams resumed", sum(({ connections }) => connections - 1)],
    ["requests tried again", `${client.retries()}${refusals.join("")}`],
  ]
}

function describeBalance({ charged, recorded, open }: Balance): Outcome["metrics"] {
  return [
    ["charged by Gemini", inDollars(charged)],
    ["… of which recorded", inDollars(recorded)],
    ["calls that were cut off, of which nobody can know all", String(open)],
  ]
}

const inSeconds = (ms: number) => `${(ms / SECOND).toFixed(2)} s`
