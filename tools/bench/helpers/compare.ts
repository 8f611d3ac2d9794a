import type { Child } from "./child.ts"
import type { Load } from "./load.ts"

/** One side of a pair. */
export interface Contender {
  process: Child
  run(ms: number): Promise<Load>
}

export interface Side {
  perSecond: number
  /** Processor time of the measured process per answer. Less shaken by neighbours than the rate is. */
  cpuMicroseconds: number
}

/** Medians over the rounds. `ratio` is the median of the rounds' own ratios. */
export interface Comparison {
  ours: Side
  floor: Side
  ratio: number
  /** The lowest and the highest ratio of a round. */
  range: [number, number]
}

export interface Pace {
  rounds: number
  roundMs: number
  warmUpMs: number
}

/** Measures two servers in turns, so that what else the machine does falls on both. */
export async function compare(ours: Contender, floor: Contender, pace: Pace): Promise<Comparison> {
  for (const side of [ours, floor]) await side.run(pace.warmUpMs)
  const rounds: { ours: Side; floor: Side }[] = []
  for (let n = 0; n < pace.rounds; n++) {
    // The order alternates, for what the first leaves behind.
    const [first, second] = n % 2 === 0 ? [ours, floor] : [floor, ours]
    const sides = [await measure(first, pace.roundMs), await measure(second, pace.roundMs)] as const
    rounds.push(n % 2 === 0 ? { ours: sides[0], floor: sides[1] } : { ours: sides[1], floor: sides[0] })
  }
  const ratios = rounds.map((round) => round.ours.perSecond / round.floor.perSecond)
  return {
    ours: middle(rounds.map((round) => round.ours)),
    floor: middle(rounds.map((round) => round.floor)),
    ratio: median(ratios),
    range: [Math.min(...ratios), Math.max(...ratios)],
  }
}

async function measure({ process, run }: Contender, ms: number): Promise<Side> {
  const before = await process.usage()
  const { perSecond, answers } = await run(ms)
  const after = await process.usage()
  return { perSecond, cpuMicroseconds: ((after.cpuMs - before.cpuMs) * 1000) / answers }
}

function middle(sides: Side[]): Side {
  return {
    perSecond: median(sides.map((side) => side.perSecond)),
    cpuMicroseconds: median(sides.map((side) => side.cpuMicroseconds)),
  }
}

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const half = sorted.length >> 1
  return sorted.length % 2 === 1
    ? (sorted[half] as number)
    : ((sorted[half - 1] as number) + (sorted[half] as number)) / 2
}
