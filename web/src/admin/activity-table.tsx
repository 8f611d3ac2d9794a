import { formatNumber } from "../i18n/index.ts"
import { DataTable } from "../ui/data-table.tsx"
import type { Activity } from "./api.ts"
import { formatAmount, formatMs, formatUtc } from "./format.ts"
import { w } from "./words/index.ts"

/** What the charts show, in numbers, newest first. */
export function ActivityTable({ points, times }: { points: Activity["points"]; times: string[] }) {
  const words = w.activity
  const rows = points.map((point, n) => ({ ...point, time: times[n] })).reverse()
  return (
    <details class="numbers">
      <summary>{words.table}</summary>
      <DataTable
        label={words.title}
        rows={rows}
        none={w.none}
        keyOf={({ at }) => at}
        columns={[
          {
            name: words.time,
            show: ({ at, time }) => (
              <time dateTime={at} title={formatUtc(at)}>
                {time}
              </time>
            ),
          },
          { name: words.prompts, isNumber: true, show: ({ prompts }) => formatNumber(prompts) },
          { name: words.replies, isNumber: true, show: ({ completed }) => formatNumber(completed) },
          { name: words.failures, isNumber: true, show: ({ failed }) => formatNumber(failed) },
          { name: words.cancelled, isNumber: true, show: ({ cancelled }) => formatNumber(cancelled) },
          { name: words.cost, isNumber: true, show: ({ cost }) => formatAmount(cost) },
          {
            name: words.latency,
            isNumber: true,
            show: ({ latency }) =>
              latency ? `${formatMs(latency.p50Ms)} · ${formatMs(latency.p95Ms)}` : "—",
          },
        ]}
      />
    </details>
  )
}
