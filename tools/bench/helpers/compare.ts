import type { Child } from "./child.ts"
import type { Load } from "./load.ts"
import { watchOthers } from "./noise.ts"

/** One side of a pair. */
export interface Contender {
  process: Child
  run(ms: number): Promise<Load>
}

export interface Side {
  perSecond: number
  /** Processor time of the measured process per answer. Less shaken by neighbours than the rate is. */
  cpuMicroseconds: number
  /** The same of other parts, where the load tells it. */
  parts: Record<string, number>
}

/** Medians over the rounds. `ratio` is the median of the rounds' own ratios. */
export interface Comparison {
  ours: Side
  floor: Side
  ratio: number
  /** The lowest and the highest ratio of a round. */
  range: [number, number]
  /** The largest share of the machine that others took during a round, from 0 to 1; null where that isn't known. */
  others: number | null
}

/** A round in which others take more of the machine says less, and is taken once more. */
const NOISY = 0.1

export interface Pace {
  rounds: number
  roundMs: number
  warmUpMs: number
}

interface Round {
  ours: Side
  floor: Side
  others: number | null
}

/**
 * Measures two servers in turns, so that what else the machine does falls on both. Noisy rounds are repeated, up to twice
 * as many as wanted, and the quietest count.
 */
export async function compare(ours: Contender, floor: Contender, pace: Pace): Promise<Comparison> {
  for (const side of [ours, floor]) await side.run(pace.warmUpMs)
  const taken: Round[] = []
  const quiet = () => taken.filter(({ others }) => (others ?? 0) <= NOISY).length
  while (quiet() < pace.rounds && taken.length < 2 * pace.rounds) {
    // The order alternates, for what the first leaves behind.
    const isSwapped = taken.length % 2 === 1
    const othersSince = watchOthers()
    const first = await measure(isSwapped ? floor : ours, pace.roundMs)
    const second = await measure(isSwapped ? ours : floor, pace.roundMs)
    const sides = isSwapped ? { ours: second, floor: first } : { ours: first, floor: second }
    taken.push({ ...sides, others: othersSince() })
  }
  const rounds = taken.toSorted((a, b) => (a.others ?? 0) - (b.others ?? 0)).slice(0, pace.rounds)
  const ratios = rounds.map((round) => round.ours.perSecond / round.floor.perSecond)
  return {
    ours: middle(rounds.map((round) => round.ours)),
    floor: middle(rounds.map((round) => round.floor)),
    ratio: median(ratios),
    range: [Math.min(...ratios), Math.max(...ratios)],
    others: rounds.at(-1)?.others ?? null,
  }
}

async function measure({ process, run }: Contender, ms: number): Promise<Side> {
  const before = await process.usage()
  const { perSecond, answers, parts = {} } = await run(ms)
  const after = await process.usage()
  const each = (spentMs: number) => (spentMs * 1000) / answers
  return {
    perSecond,
    cpuMicroseconds: each(after.cpuMs - before.cpuMs),
    parts: Object.fromEntries(Object.entries(parts).map(([part, spentMs]) => [part, each(spentMs)])),
  }
}

function middle(sides: Side[]): Side {
  return {
    perSecond: median(sides.map((side) => side.perSecond)),
    cpuMicroseconds: median(sides.map((side) => side.cpuMicroseconds)),
    parts: Object.fromEntries(
      Object.keys(sides[0]?.parts ?? {}).map((part) => [
        part,
        median(sides.map(({ parts }) => parts[part] as number)),
      ]),
    ),
  }
}

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const half = sorted.length >> 1
  return sorted.length % 2 === 1
    ? (sorted[half] as number)
    : ((sorted[half - 1] as number) + (sorted[half] as number)) / 2
}
