import { useSignal } from "@preact/signals"
import { useEffect } from "preact/hooks"
import { client, type Endpoints } from "../api/client.ts"
import { formatCost, formatNumber, language } from "../i18n/index.ts"
import { plan } from "../state/plan.ts"
import { Chart } from "../ui/chart.tsx"
import { DataTable } from "../ui/data-table.tsx"
import { w } from "./words/index.ts"

type DailyUsage = Endpoints["GET /user/me/usage"]["reply"][number]

const DAYS = 30
const DAY_MS = 86_400_000

/** Prompts, tokens and cost of the last 30 UTC days: as a chart by day, and by day and model in a table. */
export function UsageSection() {
  const usage = useSignal<DailyUsage[] | null>(null)
  const today = plan.value?.usage.day
  useEffect(() => {
    client
      .call("GET /user/me/usage", { query: {} })
      .then((found) => (usage.value = found))
      .catch(() => undefined)
  }, [usage])
  if (!today || !usage.value) return null
  const days = Array.from({ length: DAYS }, (_, n) => dayBefore(today, DAYS - 1 - n))
  return (
    <section>
      <h2>{w.usage}</h2>
      {usage.value.length === 0 ? (
        <p class="soft">{w.noUsage}</p>
      ) : (
        <>
          <Chart
            title={w.usagePrompts}
            times={days.map(formatDay)}
            series={[{ values: days.map((day) => promptsOf(usage.value ?? [], day)) }]}
            format={formatNumber}
            words={w.chart}
          />
          <p class="soft">{w.usageGivenBack}</p>
          <UsageTable usage={usage.value} />
        </>
      )}
    </section>
  )
}

function UsageTable({ usage }: { usage: DailyUsage[] }) {
  const words = w
  return (
    <details class="numbers">
      <summary>{words.usageTable}</summary>
      <DataTable
        label={words.usage}
        rows={usage}
        keyOf={({ day, model }) => `${day} ${model}`}
        none={words.noUsage}
        columns={[
          { name: words.day, show: ({ day }) => <time dateTime={day}>{formatDay(day)}</time> },
          { name: words.model, show: ({ model }) => model },
          { name: words.usagePrompts, isNumber: true, show: ({ prompts }) => formatNumber(prompts) },
          { name: words.tokens, isNumber: true, show: ({ tokens }) => formatNumber(sumOf(tokens)) },
          { name: words.cost, isNumber: true, show: ({ cost }) => (cost ? formatCost(cost) : "—") },
        ]}
      />
    </details>
  )
}

const promptsOf = (usage: DailyUsage[], day: string) =>
  usage.reduce((sum, each) => (each.day === day ? sum + each.prompts : sum), 0)

/** Cached tokens are among those of the prompt. */
const sumOf = ({ prompt, output, thought, tool }: DailyUsage["tokens"]) => prompt + output + thought + tool

const dayBefore = (day: string, days: number) =>
  new Date(Date.parse(day) - days * DAY_MS).toISOString().slice(0, 10)

/** A day as the service counts them, in UTC. */
const formatDay = (day: string) =>
  new Intl.DateTimeFormat(language, { day: "numeric", month: "short", timeZone: "UTC" }).format(new Date(day))
