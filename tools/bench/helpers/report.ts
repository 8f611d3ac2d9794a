import { cpus, type as systemType } from "node:os"
import { formatTable } from "../../lib/table.ts"
import type { Comparison } from "./compare.ts"
import type { Ratio } from "./ratio.ts"
import type { Backend } from "./site.ts"

export interface PairResult {
  what: string
  backend: Backend
  goal: number
  comparison: Comparison
}

/** Times beside a floor's. */
export interface RatioResult {
  what: string
  backend: Backend
  /** What the ratio may be at the most. */
  goal: number
  ratio: Ratio
}

/** A figure without a floor. */
export interface Figure {
  what: string
  backend: Backend
  value: string
}

export interface Report {
  pairs: PairResult[]
  ratios: RatioResult[]
  metrics: Figure[]
}

export function toText({ pairs, ratios, metrics }: Report): string {
  return [
    `Node ${process.version}, ${systemType()}, ${cpus().length} cores`,
    ...(pairs.length > 0 ? [formatTable(PAIR_TITLES, pairs.map(pairCells))] : []),
    ...(ratios.length > 0 ? [formatTable(RATIO_TITLES, ratios.map(ratioCells))] : []),
    ...(metrics.length > 0 ? [formatTable(FIGURE_TITLES, metrics.map(figureCells))] : []),
    "",
  ].join("\n\n")
}

const FIGURE_TITLES = ["for information", "backend", ""]
const PAIR_TITLES = [
  "beside its floor",
  "backend",
  "ours/s",
  "floor/s",
  "ratio",
  "of rounds",
  "CPU µs",
  "floor's",
  "goal",
]

const RATIO_TITLES = ["beside its floor", "backend", "ours, ms", "floor, ms", "ratio", "of rounds", "goal"]

function pairCells({ what, backend, goal, comparison }: PairResult): string[] {
  const { ours, floor, ratio, range } = comparison
  return [
    what,
    backend,
    whole(ours.perSecond),
    whole(floor.perSecond),
    ratio.toFixed(2),
    range.map((bound) => bound.toFixed(2)).join("–"),
    whole(ours.cpuMicroseconds),
    whole(floor.cpuMicroseconds),
    `≥ ${goal.toFixed(2)} ${ratio >= goal ? "met" : "missed"}`,
  ]
}

function ratioCells({ what, backend, goal, ratio: { oursMs, floorMs, ratio, range } }: RatioResult) {
  return [
    what,
    backend,
    oursMs.toFixed(2),
    floorMs.toFixed(2),
    ratio.toFixed(2),
    range.map((bound) => bound.toFixed(2)).join("–"),
    `≤ ${goal.toFixed(2)} ${ratio <= goal ? "met" : "missed"}`,
  ]
}

const figureCells = ({ what, backend, value }: Figure) => [what, backend, value]

export function whole(value: number): string {
  return Math.round(value).toLocaleString("en")
}
