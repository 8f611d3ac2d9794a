export interface Metrics {
  /** The sum of the series that have these labels. */
  sum(name: string, labels?: Record<string, string>): number
  /** The values that a label has. */
  labels(name: string, label: string): string[]
}

/** Reads Prometheus's text format. */
export function readMetrics(text: string): Metrics {
  const series = text.split("\n").flatMap((line) => {
    const [, name, labels = "", value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
    if (!name) return []
    const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, text]) => [key, text])
    return [{ name, labels: Object.fromEntries(pairs) as Record<string, string>, value: Number(value) }]
  })
  const named = (name: string) => series.filter((each) => each.name === name)
  return {
    sum: (name, labels = {}) =>
      named(name)
        .filter((each) => Object.entries(labels).every(([key, value]) => each.labels[key] === value))
        .reduce((sum, { value }) => sum + value, 0),
    labels: (name, label) => named(name).map(({ labels }) => labels[label] ?? ""),
  }
}
