import { chromium } from "../../lib/chromium.ts"
import type { Pace, Side } from "../helpers/compare.ts"
import type { Measure } from "../helpers/options.ts"
import { type Report, whole } from "../helpers/report.ts"
import type { Site } from "../helpers/site.ts"
import type { User } from "../helpers/users.ts"
import { webLines } from "../web/lines.ts"
import { HOUR_OF_DELTAS } from "../web/memory.ts"
import { BACKLOG_GOAL, measureBacklog } from "./backlog.ts"
import { type CachedTokens, type CachedTokensPace, measureCachedTokens } from "./cached-tokens.ts"
import { type Checkpoints, HOT_GOAL, measureCheckpoints, WAL_GOAL_BYTES } from "./checkpoints.ts"
import { type CostsPace, costsLines, measureCosts } from "./costs.ts"
import { type Cost, type CountsPace, measureCounts, sum } from "./counts.ts"
import { GROWTH_GOAL, type GrowthPace, growthLines, growthRatios, measureGrowth } from "./growth.ts"
import { IDLE_GOALS, type IdlePace, type IdleStreams, measureIdleStreams } from "./idle-streams.ts"
import { type Imported, type ImportPace, measureImport } from "./import.ts"
import { LIST_FLOORS, LIST_GOAL, measureList, SILENT_LIST_GOAL } from "./list.ts"
import { DELTAS_GOAL, LIVE_GOAL_MS, type Live, type LivePace, measureLive } from "./live.ts"
import { LONG_ROOM_GOAL, type LongRoomPace, measureLongRoom } from "./long-room.ts"
import { MEMORY_GOALS, type Memory, measureMemory } from "./memory.ts"
import { measurePost, measurePostBesideWorker, POST_BESIDE_WORKER_GOAL, POST_GOAL } from "./post.ts"
import { measureReplies, type RepliesPace } from "./replies.ts"
import { measureBesideProbe, type ProbePace, REPLIES_GOAL, REPLY_TIME_GOAL } from "./replies-beside-probe.ts"
import { type MessageSize, measureRoom, ROOM_GOALS } from "./room.ts"
import { measureSearch, SEARCH_GOAL_MS, SEARCH_RATIO_GOAL, type Searches, type SearchPace } from "./search.ts"
import { measureSignIns, SIGN_IN_GOAL } from "./sign-ins.ts"
import { measureStarts, startLine } from "./start.ts"
import { measureStreams } from "./streams.ts"
import { measureWeb, type WebPace } from "./web.ts"
import { measureWebhooks, WEBHOOK_GOAL_MS, type WebhookPace, type Webhooks } from "./webhooks.ts"

/** As many as there are connections. */
export const USERS = 50

/** How long and how often each measure is taken. */
export interface Paces {
  pair: Pace
  withWorker: Pace
  replies: RepliesPace
  probe: ProbePace
  counts: CountsPace
  /** For the times, and for how many pieces pass in a second. */
  live: { calm: LivePace; busy: LivePace }
  /** How many replies wait. */
  backlog: number
  starts: number
  idle: IdlePace
  webhooks: WebhookPace
  longRoom: LongRoomPace
  cachedTokens: CachedTokensPace
  search: SearchPace
  growth: GrowthPace
  costs: CostsPace
  /** Of many conversations, and of few large ones. */
  imports: { usual: ImportPace; large: ImportPace }
  web: WebPace
}

const MB = 1024 * 1024

export const THOROUGH: Paces = {
  pair: { rounds: 7, roundMs: 2_000, warmUpMs: 5_000 },
  withWorker: { rounds: 4, roundMs: 2_000, warmUpMs: 500 },
  replies: { burst: 2_000, calm: 200 },
  probe: { rounds: 5, burst: 1_000, calm: 100 },
  counts: { alone: 50, together: 1_000 },
  live: { calm: { chunks: 200, everyMs: 50 }, busy: { chunks: 2_000, everyMs: 4 } },
  backlog: 2_000,
  starts: 7,
  idle: { streams: 10_000, ms: 60_000 },
  webhooks: { customers: 500 },
  longRoom: { rounds: 7, reads: 50, turns: 40 },
  cachedTokens: { turns: 300 },
  search: { texts: 1_000_000, own: 100_000, searches: 40, rounds: 5 },
  growth: {
    large: { users: 1_000_000, rooms: 3, messages: 4 },
    share: 0.001,
    rounds: 5,
    walks: 20,
    exported: 10_000,
  },
  costs: { requests: 400 },
  imports: { usual: { bytes: 99 * MB, messages: 60 }, large: { bytes: 99 * MB, messages: 20_000 } },
  web: { rounds: 5, chunks: 400, letters: 100, deltas: HOUR_OF_DELTAS },
}

export const QUICK: Paces = {
  pair: { rounds: 5, roundMs: 700, warmUpMs: 4_000 },
  withWorker: { rounds: 1, roundMs: 1_000, warmUpMs: 200 },
  replies: { burst: 400, calm: 50 },
  probe: { rounds: 3, burst: 400, calm: 50 },
  counts: { alone: 20, together: 400 },
  live: { calm: { chunks: 60, everyMs: 50 }, busy: { chunks: 750, everyMs: 4 } },
  backlog: 1_000,
  starts: 3,
  idle: { streams: 10_000, ms: 30_000 },
  webhooks: { customers: 50 },
  longRoom: { rounds: 3, reads: 50, turns: 10 },
  cachedTokens: { turns: 100 },
  search: { texts: 100_000, own: 10_000, searches: 20, rounds: 3 },
  growth: {
    large: { users: 100_000, rooms: 3, messages: 4 },
    share: 0.001,
    rounds: 3,
    walks: 6,
    exported: 10_000,
  },
  costs: { requests: 200 },
  imports: { usual: { bytes: 10 * MB, messages: 60 }, large: { bytes: 30 * MB, messages: 10_000 } },
  web: { rounds: 2, chunks: 100, letters: 30, deltas: 4_000 },
}

/** Takes one measure and adds what it found to the report. */
type Measurer = (site: Site, users: User[], paces: Paces, report: Report) => Promise<void>

export const measurers: Record<Measure, Measurer> = {
  async list(site, users, { pair }, { pairs, metrics }) {
    const { backend } = site
    const { logged, silent, floors } = await measureList(site, users, pair)
    const what = "GET /chatroom, cached"
    pairs.push(
      { what, backend, goal: LIST_GOAL, comparison: logged },
      { what: `${what}, without a log`, backend, goal: SILENT_LIST_GOAL, comparison: silent },
    )
    const value = LIST_FLOORS.map((name) => `${name} ${whole(floors[name])}`).join(", ")
    metrics.push({ what: "the same list a second by bare", backend, value })
  },
  async room(site, users, { pair }, { pairs }) {
    for (const [size, goal] of Object.entries(ROOM_GOALS)) {
      const comparison = await measureRoom(site, users, Number(size) as MessageSize, pair)
      const what = `GET /chatroom/:id, 50 messages of ${size} KB`
      pairs.push({ what, backend: site.backend, goal, comparison })
    }
  },
  async post(site, users, { pair }, { pairs, metrics }) {
    const { backend } = site
    const comparison = await measurePost(site, users, pair)
    pairs.push({ what: "POST message", backend, goal: POST_GOAL, comparison })
    const value = `${partsLine(comparison.ours)}; of the floor's ${partsLine(comparison.floor)}`
    metrics.push({ what: "processor time of a POST message", backend, value })
  },
  async "post-worker"(site, users, { withWorker }, { pairs }) {
    const comparison = await measurePostBesideWorker(site, users, withWorker)
    const goal = POST_BESIDE_WORKER_GOAL
    pairs.push({ what: "POST message, a worker busy", backend: site.backend, goal, comparison })
  },
  async replies(site, users, { replies }, { metrics }) {
    const { backend } = site
    const found = await measureReplies(site, users, replies)
    const times = `p50 ${found.p50Ms.toFixed(1)} ms, p99 ${found.p99Ms.toFixed(1)} ms`
    metrics.push(
      { what: "replies stored a second", backend, value: whole(found.storedPerSecond) },
      { what: "prompt to stored reply", backend, value: times },
    )
  },
  async probe(site, users, { probe }, { pairs, ratios }) {
    const { backend } = site
    // Its live text and its queue are Redis's.
    if (backend === "embedded") return
    const { rate, time } = await measureBesideProbe(site, users, probe)
    pairs.push({ what: "replies stored", backend, goal: REPLIES_GOAL, comparison: rate })
    ratios.push({ what: "prompt to stored reply", backend, goal: REPLY_TIME_GOAL, ratio: time })
  },
  async counts(site, users, { counts }, { metrics }) {
    const found = await measureCounts(site, users, counts)
    for (const [how, { prompt, reply }] of Object.entries(found))
      metrics.push(
        { what: `a prompt sends, ${how}`, backend: site.backend, value: costLine(prompt) },
        { what: `a reply sends, ${how}`, backend: site.backend, value: costLine(reply) },
      )
  },
  async live(site, users, { live }, { metrics }) {
    const { backend } = site
    // Without Redis live text is passed on within one process, and these are two.
    if (backend === "embedded") return
    const calm = await measureLive(site, users, live.calm)
    const busy = await measureLive(site, users, live.busy)
    metrics.push(
      { what: "chunk to listener, 100 streams", backend, value: timesLine(calm) },
      { what: "pieces of text a second, by one worker and one API", backend, value: deltasLine(busy) },
    )
  },
  async backlog(site, users, { backlog }, { metrics }) {
    const { withoutPerSecond, withPerSecond, ratio } = await measureBacklog(site, users, backlog)
    const met = ratio >= BACKLOG_GOAL ? "met" : "missed"
    const value = `${whole(withPerSecond)}, without one ${whole(withoutPerSecond)}: ${ratio.toFixed(2)} (goal ${BACKLOG_GOAL} ${met})`
    metrics.push({ what: `replies stored a second, ${backlog} waiting`, backend: site.backend, value })
  },
  async checkpoints(site, users, _paces, { metrics }) {
    const found = await measureCheckpoints(site, users)
    metrics.push({
      what: "log of the database for a reply of 20 s",
      backend: site.backend,
      value: walLine(found),
    })
  },
  async "sign-ins"(site, _users, { pair }, { pairs }) {
    const comparison = await measureSignIns(site, pair)
    const what = "a code asked for and verified"
    pairs.push({ what, backend: site.backend, goal: SIGN_IN_GOAL, comparison })
  },
  async streams(site, users, _paces, { metrics }) {
    const { backend } = site
    const { replyBytes, roomBytes } = await measureStreams(site, users[0] as User)
    metrics.push(
      { what: "memory of an idle stream of a reply", backend, value: kilobytes(replyBytes) },
      { what: "memory of an idle stream of a room", backend, value: kilobytes(roomBytes) },
    )
  },
  async "idle-streams"(site, _users, { idle }, { metrics }) {
    const value = idleLine(await measureIdleStreams(site, idle))
    metrics.push({
      what: `${whole(idle.streams)} idle streams of as many rooms`,
      backend: site.backend,
      value,
    })
  },
  async memory(site, users, { replies }, { metrics }) {
    const value = memoryLine(await measureMemory(site, users, replies.burst))
    metrics.push({ what: "memory of API and worker", backend: site.backend, value })
  },
  async start({ backend }, _users, { starts }, { metrics }) {
    metrics.push({ what: "warm npm start", backend, value: startLine(await measureStarts(starts)) })
  },
  async webhooks(site, _users, { webhooks }, { metrics }) {
    const found = await measureWebhooks(site, webhooks)
    metrics.push({ what: "storm of webhooks", backend: site.backend, value: stormLine(found) })
  },
  async "long-room"(site, users, { longRoom }, { ratios }) {
    const found = await measureLongRoom(site, users[0] as User, longRoom)
    for (const [name, ratio] of Object.entries(found)) {
      const what = `10,000 messages beside 200: ${LONG_ROOM_NAMES[name as keyof typeof found]}`
      ratios.push({ what, backend: site.backend, goal: LONG_ROOM_GOAL, ratio })
    }
  },
  async search(site, users, { search }, { ratios, metrics }) {
    const { backend } = site
    const found = await measureSearch(site, users, search)
    const what = `GET /search, ${whole(search.own)} of ${whole(search.texts)} messages`
    for (const [kind, ratio] of Object.entries(found.ratios))
      ratios.push({ what: `${what}: ${kind}`, backend, goal: SEARCH_RATIO_GOAL, ratio })
    metrics.push(
      { what, backend, value: searchLine(found) },
      { what: "texts indexed a second, by one worker", backend, value: whole(found.indexedPerSecond) },
      { what: "size of the index for a text", backend, value: `${whole(found.bytesPerText)} bytes` },
    )
  },
  async growth(site, _users, { growth }, { ratios, metrics }) {
    const { backend } = site
    const found = await measureGrowth(site, growth)
    for (const { what, ratio } of growthRatios(found, growth))
      ratios.push({ what, backend, goal: GROWTH_GOAL, ratio })
    for (const line of growthLines(found, growth)) metrics.push({ ...line, backend })
  },
  async costs(site, users, { costs }, { metrics }) {
    const found = await measureCosts(site, users, costs)
    for (const line of costsLines(found)) metrics.push({ ...line, backend: site.backend })
  },
  async "cached-tokens"(site, users, { cachedTokens }, { metrics }) {
    const { ours, sliding, summaries } = await measureCachedTokens(site, users[0] as User, cachedTokens)
    const { backend } = site
    const what = `prompt tokens of ${cachedTokens.turns} turns`
    metrics.push(
      { what: `${what}, a window that slides`, backend, value: cacheLine(sliding) },
      { what: `${what}, a window that moves by halves`, backend, value: cacheLine(ours) },
      { what: "summaries of what left that window", backend, value: cacheLine(summaries) },
    )
  },
  async import(site, users, { imports }, { metrics }) {
    for (const pace of [imports.usual, imports.large]) {
      const found = await measureImport(site, users[0] as User, pace)
      const what = `import of ${megabytes(found.bytes)}`
      metrics.push({ what, backend: site.backend, value: importLine(found) })
    }
  },
  async web(site, users, paces, { web }) {
    // `run.ts` leaves it out where there is none.
    web.push(...webLines(await measureWeb(site, users[0] as User, chromium as string, paces.web)))
  },
}

function partsLine({ cpuMicroseconds, parts }: Side): string {
  const list = Object.entries({ server: cpuMicroseconds, ...parts })
  return `${list.map(([part, each]) => `${part} ${whole(each)}`).join(", ")} µs`
}

function costLine({ trips, statements, commands }: Cost): string {
  const list = (shares: Cost["commands"]) =>
    shares.map(([name, times]) => `${name} ${times.toFixed(1)}`).join(", ")
  const postgres = `${trips.toFixed(1)} trips to PostgreSQL: ${list(statements)}`
  return commands.length === 0
    ? postgres
    : `${postgres}; ${sum(commands).toFixed(1)} Redis commands: ${list(commands)}`
}

function timesLine({ p50Ms, p99Ms, offeredPerSecond }: Live): string {
  const met = p50Ms <= LIVE_GOAL_MS.p50 && p99Ms <= LIVE_GOAL_MS.p99 ? "met" : "missed"
  const goal = `(goal ${LIVE_GOAL_MS.p50} and ${LIVE_GOAL_MS.p99} ${met})`
  return `p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms ${goal}, at ${whole(offeredPerSecond)} a second`
}

function deltasLine({ perSecond, offeredPerSecond, p50Ms }: Live): string {
  const met = perSecond >= DELTAS_GOAL ? "met" : "missed"
  return `${whole(perSecond)} (goal ${whole(DELTAS_GOAL)} ${met}) of ${whole(offeredPerSecond)}, p50 ${p50Ms.toFixed(1)} ms`
}

function walLine({ walBytes, updates, hotShare }: Checkpoints): string {
  const met = (is: boolean) => (is ? "met" : "missed")
  const wal = `${kilobytes(walBytes)} (goal ${kilobytes(WAL_GOAL_BYTES)} ${met(walBytes <= WAL_GOAL_BYTES)})`
  const share = `${(100 * hotShare).toFixed(0)} % (goal ${100 * HOT_GOAL} ${met(hotShare >= HOT_GOAL)})`
  return `${wal}; of ${updates.toFixed(0)} updates of its row within the page: ${share}`
}

function idleLine({ apiCores, databaseCores, bytesEach, transactionsPerSecond }: IdleStreams): string {
  const beside = (is: number, goal: number, show: (value: number) => string) =>
    `${show(is)} (goal ${show(goal)} ${is <= goal ? "met" : "missed"})`
  const cores = (value: number) => `${value.toFixed(3)} of a core`
  return [
    `API ${beside(apiCores, IDLE_GOALS.apiCores, cores)}`,
    `PostgreSQL ${beside(databaseCores, IDLE_GOALS.databaseCores, cores)}`,
    `${beside(bytesEach, IDLE_GOALS.bytesEach, kilobytes)} each`,
    `${transactionsPerSecond.toFixed(1)} transactions a second`,
  ].join(", ")
}

function memoryLine({ api, worker }: Memory): string {
  const both = (which: "idleBytes" | "peakBytes") => {
    const sum = api[which] + worker[which]
    const met = sum <= MEMORY_GOALS[which] ? "met" : "missed"
    return `${megabytes(api[which])} and ${megabytes(worker[which])}: ${megabytes(sum)} (goal ${megabytes(MEMORY_GOALS[which])} ${met})`
  }
  const time = `${whole(api.microseconds)} and ${whole(worker.microseconds)} µs of a core for each prompt`
  return `idle ${both("idleBytes")}, at their peak ${both("peakBytes")}; ${time}`
}

function importLine({ conversations, messages, uploadMs, importMs, rssBefore, rssPeak }: Imported): string {
  const times = `uploaded in ${(uploadMs / 1000).toFixed(1)} s, imported in ${(importMs / 1000).toFixed(1)} s`
  return `${whole(conversations)} conversations, ${whole(messages)} messages: ${times}, memory ${megabytes(rssBefore)} before, ${megabytes(rssPeak)} at its peak`
}

/** In the table one line says all of it. */
function searchLine({ p50Ms, p95Ms, byKind }: Searches): string {
  const met = p95Ms <= SEARCH_GOAL_MS ? "met" : "missed"
  const kinds = Object.entries(byKind).map(([kind, ms]) => `${kind} ${ms.toFixed(0)}`)
  return `p50 ${p50Ms.toFixed(1)} ms, p95 ${p95Ms.toFixed(1)} ms (goal ${SEARCH_GOAL_MS} ${met}); p95 of ${kinds.join(", ")}`
}

/** The same for webhooks. */
function stormLine({ events, deliveries, p50Ms, p99Ms, settledMs }: Webhooks): string {
  const met = p99Ms <= WEBHOOK_GOAL_MS ? "met" : "missed"
  return `${events} events, ${deliveries} deliveries: p50 ${p50Ms.toFixed(0)} ms, p99 ${p99Ms.toFixed(0)} ms (goal ${WEBHOOK_GOAL_MS} ${met}), settled ${(settledMs / 1000).toFixed(1)} s later`
}

const LONG_ROOM_NAMES = {
  open: "GET the room",
  newest: "GET the first page of messages",
  oldest: "GET the last page of messages",
  send: "POST a prompt, to its 202",
  first: "… to the first text of its reply",
  whole: "… to the end of its stream",
}

function cacheLine({ promptTokens, cachedTokens, dollars }: CachedTokens): string {
  const part = promptTokens > 0 ? (100 * cachedTokens) / promptTokens : 0
  return `${whole(promptTokens)}, ${part.toFixed(0)} % from the cache: $${dollars.toFixed(4)}`
}

const kilobytes = (bytes: number) => `${Math.round(bytes / 2 ** 10)} KB`
const megabytes = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MB`
