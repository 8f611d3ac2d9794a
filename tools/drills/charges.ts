import type { Call } from "../../simulators/gemini/calls.ts"
import { continuedBy, promptText } from "../../simulators/gemini/request.ts"
import { ROOM_TASKS_AT_ONCE } from "../../src/services/replies/room-tasks/run-room-tasks.ts"
import { SECOND } from "../../src/utils/time.ts"
import type { Attempt, Attempts } from "../lib/attempts.ts"
import { type TaskEnds, taskName } from "../lib/task-ends.ts"
import type { Exchange } from "./exchange.ts"
import type { Load } from "./load.ts"
import type { Picodollars } from "./picodollars.ts"
import type { Row, Stored } from "./stored.ts"

/** A call to the provider, and what the service may have recorded for it. */
export interface Charge {
  call: Call
  /** The one that it was made for or, for a title, one of its room. */
  exchange: Exchange
  /** null for a title or a summary. */
  replyId: string | null
  /** One amount where it is certain; otherwise one for each moment at which the worker may have read its last chunk. */
  amounts: Picodollars[]
}

/** What was done to processes. */
export interface Harm {
  /** Workers that were killed. */
  kills: readonly { pid: number; at: number }[]
  /** PostgreSQL was hurt: what a worker has logged before it wrote may be unwritten. */
  hurtsPostgres: boolean
}

interface Evidence {
  attempts: Attempts
  taskEnds: TaskEnds
  load: Pick<Load, "exchanges">
  stored: Stored
  harm: Harm
}

/** What the provider's calls come to. */
export interface Attribution {
  charges: Charge[]
  /** Calls that were made for no reply. */
  strays: Call[]
  /** Calls for titles. */
  titles: {
    underWay: number
    /** They have ended, but no worker has logged it. */
    unlogged: number
  }
}

/**
 * Attributes each charged call to the reply or the title that it was made for. Titles that an earlier scenario left to be
 * made on the same cluster are nobody's here; for summaries the drills' conversations are too short.
 */
export function attribute(calls: readonly Call[], evidence: Evidence): Attribution {
  const byText = Map.groupBy(evidence.load.exchanges, ({ text }) => text)
  const exchangesOf = (call: Call) => byText.get(askedBy(call)) ?? []
  const charges: Charge[] = []
  const strays: Call[] = []
  for (const call of calls) {
    if (call.purpose !== "reply" || call.told.length === 0) continue
    const charge = ofReply(call, exchangesOf(call), evidence)
    if (charge) charges.push(charge)
    else strays.push(call)
  }
  const tasks = calls.flatMap((call) => {
    const [exchange] = call.purpose === "reply" ? [] : exchangesOf(call)
    return exchange ? [{ call, exchange }] : []
  })
  const byTask = Map.groupBy(tasks, ({ call, exchange }) => taskName(call.purpose, exchange.roomId))
  const titles = [...byTask].map(([task, tries]) => ofTask(task, tries, evidence))
  const sum = (of: (title: TaskAccount) => number) => titles.reduce((total, title) => total + of(title), 0)
  return {
    charges: [...charges, ...titles.flatMap((title) => title.charges)],
    strays,
    titles: { underWay: sum((title) => title.underWay), unlogged: sum((title) => title.unlogged) },
  }
}

/** Returns the text of the prompt that a call is about. */
export function askedBy({ purpose, prompt, request }: Call): string {
  if (purpose === "title") return (JSON.parse(prompt) as { prompt: string }).prompt
  const continued = request && continuedBy(request)
  return continued ? promptText(continued.before) : prompt
}

/** Several replies may be made to one prompt, but one after the other: the call is the newest attempt's. */
function ofReply(call: Call, exchanges: Exchange[], { attempts, stored, harm }: Evidence): Charge | null {
  const made = exchanges
    .flatMap((exchange) => attempts.of(exchange.replyId).map((attempt) => ({ exchange, attempt })))
    .filter(({ attempt }) => attempt.startedAt <= call.startedAt)
    .reduce<{ exchange: Exchange; attempt: Attempt } | null>(
      (last, next) => (last && last.attempt.startedAt > next.attempt.startedAt ? last : next),
      null,
    )
  if (!made) return null
  const { exchange, attempt } = made
  const row = stored.byId.get(exchange.replyId)
  const others = attempts.of(exchange.replyId)
  const amounts = isWritten(attempt, others, harm)
    ? readAmounts(call, attempt, exchange, row)
    : anyAmount(call)
  return { call, exchange, replyId: exchange.replyId, amounts }
}

/** A worker may die between its log line and what it writes after that. */
const WRITES_WITHIN_MS = SECOND

/** Whether what the attempt used was certainly written: an end is logged after it was, a failure before. */
function isWritten(attempt: Attempt, others: readonly Attempt[], { kills, hurtsPostgres }: Harm): boolean {
  const { end, pid } = attempt
  if (!end) return false
  if (end.event === "reply_finished") return true
  const writtenAt = end.at + WRITES_WITHIN_MS
  // What failed is tried again later than that; what was taken over writes nothing any more.
  const isTakenOver = others.some((one) => one.attempt > attempt.attempt && one.startedAt < writtenAt)
  return !hurtsPostgres && !isTakenOver && !kills.some((kill) => kill.pid === pid && kill.at < writtenAt)
}

/**
 * All of it, unless the reply was cancelled: then the last chunks may have come too late, but those whose text is kept have
 * not. Of a reply that was deleted before its end it isn't known whether there still was a row to write.
 */
function readAmounts(
  call: Call,
  { end }: Attempt,
  { heard, isDeleted }: Exchange,
  row: Row | undefined,
): Picodollars[] {
  const status = isDeleted ? heard.dones[0]?.status : row?.status
  if (status === "completed" || status === "failed") return [lastAmount(call)]
  if (!row) return anyAmount(call)
  // An earlier attempt, which nobody had stopped yet.
  if (end?.event === "attempt_failed") return [lastAmount(call)]
  const length = row.content.length - row.prefix.length
  const next = call.told.find(({ characters }) => characters > length)
  const amounts = call.told
    .filter((told) => told.characters === length || told === next)
    .map(({ cost }) => cost ?? 0)
  return length === 0 ? [0, ...amounts] : amounts
}

/** A try at a title. */
type TaskTry = Pick<Charge, "call" | "exchange">

interface TaskAccount {
  charges: Charge[]
  underWay: number
  unlogged: number
}

/**
 * What was recorded of all tries at one task is certain once their workers have logged their ends. The time of a kill doesn't
 * tell: a worker that lags behind may be killed long after the provider has sent all.
 */
function ofTask(task: string, tries: TaskTry[], { taskEnds, harm }: Evidence): TaskAccount {
  const { recorded, all } = taskEnds.of(task)
  const isCertain = recorded >= tries.length && !harm.hurtsPostgres
  const charges = tries
    .filter(({ call }) => call.told.length > 0)
    .map(({ call, exchange }): Charge => {
      const amounts = isCertain && !call.aborted ? [lastAmount(call)] : anyAmount(call)
      return { call, exchange, replyId: null, amounts }
    })
  const underWay = tries.filter(({ call }) => call.endedAt === null).length
  return { charges, underWay, unlogged: Math.max(0, tries.length - underWay - all) }
}

/** How many calls for titles may stay unlogged: those that a worker was making when it was killed. */
export const mostUnlogged = ({ kills, hurtsPostgres }: Harm) =>
  hurtsPostgres ? Number.POSITIVE_INFINITY : kills.length * ROOM_TASKS_AT_ONCE

const lastAmount = ({ told }: Call) => told.at(-1)?.cost ?? 0

/** Nothing is written of a call without a chunk that was read. */
const anyAmount = ({ told }: Call) => [...new Set([0, ...told.map(({ cost }) => cost ?? 0)])]
