import type { PairResult } from "./report.ts"

const WIDTH = 860
const LABELS = 380
const VALUES = 70
const ROW = 26
const TOP = 44
/** A bar that is longer is cut: beyond twice its floor nothing is left to see. */
const MOST = 2

/** Both themes, as GitHub shows the file on its own ground. */
const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #374151 }
  .soft { fill: #6b7280 }
  .met { fill: #15803d }
  .missed { fill: #b45309 }
  line { stroke: #9ca3af }
  .goal { stroke: #111827; stroke-width: 3 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e5e7eb } .soft { fill: #9ca3af } .met { fill: #4ade80 } .missed { fill: #fbbf24 } .goal { stroke: #f9fafb }
  }`

/** Draws the rates as parts of their floors', with their goals, as a picture (SVG) that needs nothing else. */
export function toChart(pairs: readonly PairResult[], caption: string): string {
  const height = TOP + pairs.length * ROW + 34
  const floorAt = xOf(1)
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img">
<title>Rates as parts of their floors'</title>
<style>${STYLE}
</style>
<text x="${floorAt}" y="20" text-anchor="middle" class="soft">the floor</text>
<line x1="${floorAt}" x2="${floorAt}" y1="28" y2="${height - 30}"/>
${pairs.map(toBar).join("\n")}
<text x="8" y="${height - 8}" class="soft">${escaped(caption)}</text>
</svg>
`
}

function toBar({ what, backend, goal, comparison: { ratio } }: PairResult, index: number): string {
  const y = TOP + index * ROW
  const goalAt = xOf(goal)
  return `<text x="8" y="${y + 9}">${escaped(what)} <tspan class="soft">${backend}</tspan></text>
<rect x="${LABELS}" y="${y - 4}" width="${xOf(ratio) - LABELS}" height="16" rx="2" class="${ratio >= goal ? "met" : "missed"}"/>
<line x1="${goalAt}" x2="${goalAt}" y1="${y - 7}" y2="${y + 15}" class="goal"/>
<text x="${WIDTH - 8}" y="${y + 9}" text-anchor="end">${ratio.toFixed(2)} <tspan class="soft">of ${goal.toFixed(2)}</tspan></text>`
}

const xOf = (ratio: number) =>
  Math.round(LABELS + (Math.min(ratio, MOST) / MOST) * (WIDTH - LABELS - VALUES - 24))

const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;")
