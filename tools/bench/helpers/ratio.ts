import { median } from "./compare.ts"

/** How long the same takes in two ways. */
export interface Ratio {
  /** Medians over all rounds, in milliseconds. */
  oursMs: number
  floorMs: number
  /** The median of the rounds' own ratios. */
  ratio: number
  /** The lowest and the highest ratio of a round. */
  range: [number, number]
}

/** Times that were taken in one round, in milliseconds. */
export interface Round {
  ours: number[]
  floor: number[]
}

/** Compares times by their medians: a neighbour on the machine delays some of them by a lot. */
export function toRatio(rounds: readonly Round[]): Ratio {
  const ratios = rounds.map(({ ours, floor }) => median(ours) / median(floor))
  return {
    oursMs: median(rounds.flatMap(({ ours }) => ours)),
    floorMs: median(rounds.flatMap(({ floor }) => floor)),
    ratio: median(ratios),
    range: [Math.min(...ratios), Math.max(...ratios)],
  }
}
