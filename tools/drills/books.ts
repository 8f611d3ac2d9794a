import type { Call } from "../../simulators/gemini/calls.ts"
import { pause, SECOND } from "../../src/utils/time.ts"
import type { Cluster } from "../lib/cluster.ts"
import { type Attribution, attribute, type Charge, type Harm, mostUnlogged } from "./charges.ts"
import { isAtRisk } from "./exchange.ts"
import type { Verdict } from "./invariants.ts"
import type { Load } from "./load.ts"
import { canAddUp, inDollars, type Picodollars, sumOf, toPicodollars } from "./picodollars.ts"
import { readMessages, type Stored } from "./stored.ts"

/** Whether the service's records are the provider's books, and what the two say. */
export interface Balance {
  verdict: Verdict
  /** What the provider charged. */
  charged: Picodollars
  /** What the totals of replies, titles and summaries have of it. */
  recorded: Picodollars
  /** Calls of which nobody can know whether a worker still read their last chunks, or wrote what it had read. */
  open: number
  titles: Attribution["titles"]
}

/** Titles are made after the replies. */
const SETTLE_MS = 15 * SECOND
const LOOK_EVERY_MS = 500

/**
 * Holds what rows and totals say that calls cost against what the simulator charged for them, until both agree and the
 * workers log no more ends of titles, or titles have had their time.
 */
export async function checkBooks(cluster: Cluster, load: Load, harm: Harm): Promise<Balance> {
  const deadline = performance.now() + SETTLE_MS
  let before = Number.POSITIVE_INFINITY
  for (;;) {
    const balance = await weigh(cluster, load, harm)
    const { verdict, titles } = balance
    const isSettled = harm.hurtsPostgres || (titles.underWay === 0 && titles.unlogged === before)
    if ((verdict.broken.length === 0 && isSettled) || performance.now() > deadline) return balance
    before = titles.unlogged
    await pause(LOOK_EVERY_MS, load.options.signal)
  }
}

async function weigh(cluster: Cluster, load: Load, harm: Harm): Promise<Balance> {
  const calls = cluster.gemini.calls()
  const stored = await readMessages(cluster.pool, load)
  const totals = await readTotals(cluster, load)
  const { attempts, taskEnds } = cluster
  const { charges, strays, titles } = attribute(calls, { attempts, taskEnds, load, stored, harm })
  const kept = charges.filter(({ exchange }) => !isAtRisk(load, exchange))
  const lost = load.losses.length > 0
  const claim = "cost on rows and in totals = the provider's books"
  const broken = [
    ...strays.map(({ id, prompt }) => `call ${id} was made for no promised reply: ${prompt.slice(0, 200)}`),
    ...rowsThatDiffer(kept, stored, load),
    ...(lost ? [] : totalsThatDiffer(charges, totals, stored)),
    ...unloggedTitles(titles.unlogged, harm),
  ]
  return {
    verdict: { id: "I6", claim, checked: charges.length + strays.length, broken },
    charged: charges.reduce((sum, { call }) => sum + costOfCall(call), 0),
    recorded: totals.reduce((sum, { cost }) => sum + cost, 0),
    open: charges.filter(({ amounts }) => amounts.length > 1).length,
    titles,
  }
}

function unloggedTitles(unlogged: number, harm: Harm): string[] {
  const most = mostUnlogged(harm)
  if (unlogged <= most) return []
  return [
    `${unlogged} calls for titles have no logged end, of which killed workers account for ${most} at most`,
  ]
}

const costOfCall = ({ told }: Call) => told.at(-1)?.cost ?? 0

/** Copies cost where they were made. */
const costOf = (row: { cost_amount: string | null; is_copy: boolean }) =>
  row.cost_amount === null || row.is_copy ? 0 : toPicodollars(row.cost_amount)

function rowsThatDiffer(charges: Charge[], { byId }: Stored, load: Load): string[] {
  const ofReplies = Map.groupBy(charges, ({ replyId }) => replyId)
  return load.exchanges
    .filter((exchange) => !isAtRisk(load, exchange))
    .flatMap(({ replyId }) => {
      const row = byId.get(replyId)
      const own = ofReplies.get(replyId) ?? []
      if (!row || canAddUp(costOf(row), amountsOf(own))) return []
      return [`reply ${replyId} (${row.status}) has cost ${inDollars(costOf(row))}, and ${describe(own)}`]
    })
}

const amountsOf = (charges: Charge[]) => charges.map(({ amounts }) => amounts)

function describe(charges: Charge[]): string {
  if (charges.length === 0) return "no call was made for it"
  const calls = charges.map(({ call, amounts }) => {
    const ends = [...new Set([Math.min(...amounts), Math.max(...amounts)])].map(inDollars)
    return `call ${call.id} to ${call.model} charged ${ends.join(" to ")}`
  })
  return calls.join(", ")
}

/** What a user's calls of one kind to one model have used, all days together. */
interface Total {
  user: string
  model: string
  kind: string
  cost: Picodollars
}

async function readTotals({ pool }: Cluster, { users }: Load): Promise<Total[]> {
  const { rows } = await pool.query<Omit<Total, "cost"> & { cost: string }>(TOTALS, [
    users.map(({ id }) => id),
  ])
  return rows.map((row) => ({ ...row, cost: toPicodollars(row.cost) }))
}

const TOTALS = `
  SELECT user_id AS user, model, kind, sum(cost_amount)::text AS cost FROM model_usage
  WHERE user_id = ANY ($1) GROUP BY user_id, model, kind`

function totalsThatDiffer(charges: Charge[], totals: Total[], stored: Stored): string[] {
  const nameOf = ({ user, model, kind }: Pick<Total, "user" | "model" | "kind">) => `${kind} ${model} ${user}`
  const booked = Map.groupBy(charges, ({ exchange, call }) =>
    nameOf({ user: exchange.user.id, model: call.model, kind: call.purpose }),
  )
  const recorded = new Map(totals.map((total) => [nameOf(total), total.cost]))
  const byModel = [...new Set([...booked.keys(), ...recorded.keys()])].flatMap((name) => {
    const cost = recorded.get(name) ?? 0
    const amounts = amountsOf(booked.get(name) ?? [])
    const [least, most] = [sumOf(amounts, Math.min), sumOf(amounts, Math.max)]
    if (cost >= least && cost <= most) return []
    return [
      `the totals of ${name} say ${inDollars(cost)}, charged were ${inDollars(least)} to ${inDollars(most)}`,
    ]
  })
  return [...byModel, ...usersThatDiffer(charges, totals, stored)]
}

/** Rows and totals are written together, so they are the same, whatever was killed. Totals also have what was deleted. */
function usersThatDiffer(charges: Charge[], totals: Total[], { byId }: Stored): string[] {
  const rows = Map.groupBy(byId.values(), ({ user_id }) => user_id)
  const deleted = Map.groupBy(
    charges.filter(({ exchange, replyId }) => exchange.isDeleted && replyId !== null),
    ({ exchange }) => exchange.user.id,
  )
  const ofReplies = Map.groupBy(
    totals.filter(({ kind }) => kind === "reply"),
    ({ user }) => user,
  )
  return [...ofReplies].flatMap(([user, own]) => {
    const onRows = (rows.get(user) ?? []).reduce((sum, row) => sum + costOf(row), 0)
    const total = own.reduce((sum, { cost }) => sum + cost, 0)
    if (isSumOf(total - onRows, amountsOf(deleted.get(user) ?? []))) return []
    return [`the rows of user ${user} cost ${inDollars(onRows)}, the totals say ${inDollars(total)}`]
  })
}

/** With more calls that are open there are more sums than can be looked through. */
const MAX_OPEN = 4

function isSumOf(amount: Picodollars, options: Picodollars[][]): boolean {
  if (options.filter((amounts) => amounts.length > 1).length <= MAX_OPEN) return canAddUp(amount, options)
  return amount >= sumOf(options, Math.min) && amount <= sumOf(options, Math.max)
}
