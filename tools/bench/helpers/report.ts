import { cpus, type as systemType } from "node:os"
import { formatTable } from "../../lib/table.ts"
import { type Comparison, median } from "./compare.ts"
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

/** A time or a size of each round, beside a bare page's where it has one. */
export interface WebResult {
  what: string
  unit: "KB" | "ms" | "MB"
  /** What the median may be at the most; null: for information. */
  goal: number | null
  ours: number[]
  bare?: number[]
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
  web: WebResult[]
  metrics: Figure[]
}

/** What was measured on. */
export const machineLine = () => `Node ${process.version}, ${systemType()}, ${cpus().length} cores`

export function toText({ pairs, ratios, web, metrics }: Report): string {
  return [
    machineLine(),
    ...(pairs.length > 0 ? [formatTable(PAIR_TITLES, pairs.map(pairCells))] : []),
    ...(ratios.length > 0 ? [formatTable(RATIO_TITLES, ratios.map(ratioCells))] : []),
    ...(web.length > 0 ? [formatTable(WEB_TITLES, web.map(webCells))] : []),
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
  "others",
  "goal",
]

const RATIO_TITLES = ["beside its floor", "backend", "ours, ms", "floor, ms", "ratio", "of rounds", "goal"]

const WEB_TITLES = ["web client", "median", "of rounds", "a bare page", "ratio", "goal"]

function pairCells({ what, backend, goal, comparison }: PairResult): string[] {
  const { ours, floor, ratio, range, others } = comparison
  return [
    what,
    backend,
    whole(ours.perSecond),
    whole(floor.perSecond),
    ratio.toFixed(2),
    range.map((bound) => bound.toFixed(2)).join("–"),
    whole(ours.cpuMicroseconds),
    whole(floor.cpuMicroseconds),
    others === null ? "" : `${(100 * others).toFixed(0)} %`,
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

function webCells({ what, unit, goal, ours, bare }: WebResult): string[] {
  const value = median(ours)
  const show = (number: number) => `${number.toFixed(unit === "KB" ? 0 : 1)} ${unit}`
  const floor = bare && median(bare)
  const isMet = goal !== null && value <= goal
  return [
    what,
    show(value),
    ours.length > 1 ? `${Math.min(...ours).toFixed(0)}–${Math.max(...ours).toFixed(0)}` : "",
    floor === undefined ? "" : show(floor),
    floor === undefined ? "" : (value / floor).toFixed(1),
    goal === null ? "" : `≤ ${goal} ${isMet ? "met" : "missed"}`,
  ]
}

const figureCells = ({ what, backend, value }: Figure) => [what, backend, value]

export function whole(value: number): string {
  return Math.round(value).toLocaleString("en")
}
