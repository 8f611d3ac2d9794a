/** Completed replies by how long they took: the count of each range, by its number. */
export type Durations = Record<string, number>

/** Each range ends a tenth later than it begins, so a percentile is off by a twentieth at most. */
const GROWTH = 1.1

/** Returns the number of the range that a duration in ms is in. */
export function rangeSql(ms: string): string {
  return `floor(ln(greatest(${ms}, 1)) / ln(${GROWTH}))::int`
}

/** Adds `more` to `sums`. */
export function addDurations(sums: Durations, more: Durations): void {
  for (const [range, count] of Object.entries(more)) sums[range] = (sums[range] ?? 0) + count
}

/** Returns the duration in ms that a share of the replies stays within; null without replies. */
export function percentile(durations: Durations, share: number): number | null {
  const ranges = Object.keys(durations).map(Number)
  ranges.sort((a, b) => a - b)
  const wanted = share * ranges.reduce((sum, range) => sum + (durations[range] as number), 0)
  let seen = 0
  for (const range of ranges) {
    seen += durations[range] as number
    if (seen >= wanted) return Math.round(GROWTH ** (range + 0.5))
  }
  return null
}
