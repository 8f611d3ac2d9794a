import { useSignal } from "@preact/signals"
import { useEffect } from "preact/hooks"
import { formatNumber, language, t } from "../i18n/index.ts"
import { Chart } from "../ui/chart.tsx"
import { ActivityTable } from "./activity-table.tsx"
import { type Activity, call } from "./api.ts"
import { formatAmount, formatMs } from "./format.ts"
import { useLoaded } from "./use-loaded.ts"
import { w } from "./words/index.ts"

type Range = Activity["range"]

/** A page that is left open stays up to date. */
const REFRESH_MS = 60_000

/** What happened in the last day or month, as charts and as a table. */
export function ActivitySection() {
  const range = useSignal<Range>("day")
  const { value, problem, reload } = useLoaded(
    () => call("GET /admin/activity", { query: { range: range.peek() } }),
    range.value,
  )
  useEffect(() => {
    const timer = setInterval(() => !document.hidden && void reload(), REFRESH_MS)
    return () => clearInterval(timer)
  }, [reload])
  const shown = value.value
  return (
    <section>
      <h1>{w.activity.title}</h1>
      <fieldset class="choice">
        <legend class="unseen">{w.activity.range}</legend>
        {(["day", "month"] as const).map((each) => (
          <label key={each}>
            <input
              type="radio"
              name="range"
              checked={range.value === each}
              onChange={() => (range.value = each)}
            />
            {w.activity[each]}
          </label>
        ))}
      </fieldset>
      {problem.value && (
        <p class="problem" role="alert">
          {problem.value}
        </p>
      )}
      {shown ? <Charts {...shown} /> : !problem.value && <p class="soft">{t.common.loading}</p>}
    </section>
  )
}

function Charts({ step, points, uncountedHours }: Activity) {
  const times = points.map(({ at }) => formatStep(at, step))
  const words = w.activity
  const money = (amount: number) => formatAmount({ amount: String(amount), currency: "USD" })
  return (
    <>
      <p class="soft">
        {step === "hour" ? words.hours : words.days}{" "}
        {uncountedHours > 0 && words.uncounted(formatNumber(uncountedHours))}
      </p>
      <div class="charts">
        <Chart
          words={w.chart}
          title={words.prompts}
          times={times}
          series={[{ values: points.map(({ prompts }) => prompts) }]}
          format={formatNumber}
        />
        <Chart
          words={w.chart}
          title={words.replies}
          times={times}
          series={[{ values: points.map(({ completed }) => completed) }]}
          format={formatNumber}
        />
        <Chart
          words={w.chart}
          title={words.failures}
          times={times}
          series={[{ values: points.map(({ failed }) => failed), kind: "bad" }]}
          format={formatNumber}
        />
        <Chart
          words={w.chart}
          title={words.cost}
          times={times}
          series={[{ values: points.map(({ cost }) => Number(cost.amount)) }]}
          format={money}
        />
        <Chart
          words={w.chart}
          title={words.latency}
          times={times}
          series={[
            { name: words.slowest, values: points.map(({ latency }) => latency?.p95Ms ?? 0), kind: "pale" },
            { name: words.median, values: points.map(({ latency }) => latency?.p50Ms ?? 0) },
          ]}
          format={formatMs}
          isSummed={false}
        />
      </div>
      <ActivityTable points={points} times={times} />
    </>
  )
}

/** An hour or a day as the service counts them, in UTC. */
function formatStep(iso: string, step: Activity["step"]): string {
  const parts: Intl.DateTimeFormatOptions =
    step === "hour"
      ? { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }
      : { day: "numeric", month: "short" }
  return new Intl.DateTimeFormat(language, { ...parts, timeZone: "UTC" }).format(new Date(iso))
}
