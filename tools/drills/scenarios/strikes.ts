import { pause, SECOND } from "../../../src/utils/time.ts"
import { type Cluster, type Service, stopInOrder } from "../../lib/cluster.ts"
import { until } from "../../lib/until.ts"
import type { Exchange } from "../exchange.ts"
import type { Stage } from "../scenario.ts"
import { percentile, spread } from "../takeovers.ts"

/** Waits until a stored reply is in its middle. */
export async function untilMidReply({ cluster, signal }: Stage): Promise<void> {
  const isRunning = () =>
    cluster.gemini.calls().some(({ chunksSent, endedAt }) => chunksSent > 1 && endedAt === null)
  await until("a reply is in its middle", isRunning, { signal })
}

/** A worker dies by `kill -9`, and a new one starts in its place. @returns the start */
export async function killWorker({ takeovers, struck }: Stage, worker: Service): Promise<Promise<void>> {
  const { pid } = worker.child()
  const killedAt = Date.now()
  await worker.child().kill("SIGKILL")
  // The next one starts while the replies wait for their leases to run out.
  const back = worker.start()
  back.catch(() => undefined)
  await takeovers.noteKill(pid, killedAt)
  struck()
  return back
}

export const readyWorkers = ({ workers }: Cluster) => workers.filter((worker) => worker.isReady())

export async function untilWorkersAreBack({ cluster, signal }: Stage): Promise<void> {
  const areBack = () => readyWorkers(cluster).length === cluster.workers.length
  await until("all workers are back", areBack, { signal })
}

/** How long something lasts: less in the quick drill. */
export const lasting = ({ isQuick }: Stage, { quick, full }: { quick: number; full: number }) =>
  isQuick ? quick : full

/** Requests that are on their way when an API process or PostgreSQL dies. */
const SENDS_AT_ONCE = 16

/** Strikes at some moment while requests are under way. Resolves when both are over. */
export async function strikeAmidRequests(
  { load, random, signal }: Stage,
  strike: () => Promise<void>,
): Promise<void> {
  const striking = pause(random.int(0, 120), signal).then(strike)
  await Promise.all([load.burst({ count: SENDS_AT_ONCE }), striking])
}

/** An API process dies by `kill -9` with requests under way, and starts again on its port. */
export async function killApi(stage: Stage): Promise<void> {
  const api = stage.random.pick(stage.cluster.apis)
  await strikeAmidRequests(stage, async () => {
    await api.child().kill("SIGKILL")
    stage.struck()
    await api.start()
  })
}

/** The contract's, for sends while Redis is away or full. */
const SEND_WITHIN_MS = 300
const SENDS_PER_SECOND = 10

/** Users go on sending while `outage` lasts. @returns what was sent in it */
export async function sendDuring(
  { load }: Stage,
  outageMs: number,
  outage: () => Promise<void>,
): Promise<Exchange[]> {
  const from = Date.now()
  const count = Math.ceil((outageMs / SECOND) * SENDS_PER_SECOND)
  const sending = load.burst({ count, perSecond: SENDS_PER_SECOND })
  await outage()
  const to = Date.now()
  await sending
  return load.exchanges.filter(({ sentAt }) => sentAt >= from && sentAt < to)
}

/** Each send of an outage must be taken, at once and at the first try. */
export function demandSends(stage: Stage, sent: Exchange[]): void {
  stage.demand("R1", "sends while Redis is away or full are all accepted at the first try", () => {
    const again = sent.filter(({ tries }) => tries > 1)
    const atOnce = `${sent.length - again.length} of ${sent.length}`
    stage.note("sends while Redis was away, accepted at the first try", atOnce)
    const broken = again.map(({ replyId, tries }) => `${replyId} was accepted at try ${tries}`)
    return { checked: sent.length, broken: sent.length === 0 ? ["nothing was sent"] : broken }
  })
  stage.demand("R2", `99 of 100 of them within ${SEND_WITHIN_MS} ms`, () => judgeTimes(stage, sent))
}

function judgeTimes(stage: Stage, sent: Exchange[]): { checked: number; broken: string[] } {
  const times = sent.map(({ tookMs }) => tookMs).sort((a, b) => a - b)
  const p99 = percentile(times, 0.99)
  stage.note(
    "… p50 / p99 / max",
    spread(times, (ms) => `${ms} ms`),
  )
  return { checked: sent.length, broken: p99 > SEND_WITHIN_MS ? [`p99 is ${p99} ms`] : [] }
}

/** PostgreSQL stops as in a crash and starts again, with requests under way. */
export async function crashPostgres(stage: Stage): Promise<void> {
  const { takeovers, random, signal, struck } = stage
  const postgres = postgresOf(stage)
  await strikeAmidRequests(stage, async () => {
    const from = Date.now()
    await postgres.stopAtOnce()
    struck()
    await pause(random.int(300, 1_500), signal)
    await postgres.start()
    takeovers.noteOutage(from, Date.now())
  })
}

export function postgresOf({ stores }: Stage) {
  if (!stores.postgres) throw new Error("this cluster's PostgreSQL isn't ours to hurt")
  return stores.postgres
}

/** Gemini answers the next `calls` with 503. */
export function overloadGemini({ cluster, struck }: Stage, calls: number | "all"): void {
  cluster.gemini.script({ directive: "unavailable", calls })
  struck()
}

/** Starts a worker whose clock is off in the place of another, lets `work` go on, and gives it the right clock again. */
export async function withSkewedClock(
  worker: Service,
  clockShiftMs: number,
  work: () => Promise<void>,
): Promise<void> {
  await stopInOrder(worker)
  await worker.start({ clockShiftMs })
  await work()
  await stopInOrder(worker)
  await worker.start()
}

/** The Redis of a scenario that is only for clusters with one. */
export function redisOf({ stores }: Stage) {
  if (!stores.redis) throw new Error("this cluster has no Redis to hurt")
  return stores.redis
}
