import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { parser } from "@prometheus-io/lezer-promql"
import { describe, expect, test } from "vitest"
import { parse } from "yaml"
import { z } from "zod"
import type { Environment } from "../../src/config/environment.ts"
import { createMetrics } from "../../src/services/platform/metrics.ts"

const Dashboard = z.object({
  panels: z.array(
    z.object({
      title: z.string(),
      targets: z.array(z.object({ expr: z.string() })).default([]),
    }),
  ),
})
const Alerts = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.object({
          alert: z.string(),
          expr: z.string(),
          labels: z.object({ severity: z.enum(["page", "ticket"]) }),
          annotations: z.object({ summary: z.string() }),
        }),
      ),
    }),
  ),
})

/** Labels that Prometheus adds. */
const ADDED = ["job", "instance"]
/** What prom-client's declarations leave out. */
const Metric = z.looseObject({
  name: z.string(),
  type: z.string().optional(),
  labelNames: z.array(z.string()),
})
type Role = Environment["ROLE"]

const dashboard = Dashboard.parse(JSON.parse(read("grafana-dashboard.json")))
const alerts = Alerts.parse(parse(read("alerts.yml"))).groups.flatMap(({ rules }) => rules)
const known = knownSeries()

describe("the dashboard", () => {
  const queries = dashboard.panels.flatMap(({ title, targets }) =>
    targets.map(({ expr }) => ({ title, expr })),
  )

  test.each(queries)("$title asks for what the code counts: $expr", ({ expr }) => {
    expectKnown(expr)
  })

  test("shows every figure of ours", () => {
    const shown = new Set(queries.flatMap(({ expr }) => readPromql(expr).selectors.map(toMetric)))
    const ours = createMetrics()
      .registry.getMetricsAsArray()
      .map(({ name }) => name)
    expect(ours.filter((name) => /^(chat|http)_/.test(name) && !shown.has(name))).toEqual([])
  })
})

describe("the alerts", () => {
  test.each(alerts)("$alert asks for what the code counts", ({ expr }) => {
    expectKnown(expr)
  })

  test.each([
    { running: ["all"], raised: [] },
    { running: ["api", "worker"], raised: [] },
    { running: ["worker"], raised: ["ChatApiGone"] },
    { running: ["api"], raised: ["ChatWorkerGone"] },
    { running: [], raised: ["ChatApiGone", "ChatWorkerGone"] },
  ] satisfies { running: Role[]; raised: string[] }[])(
    "$raised when $running is left",
    ({ running, raised }) => {
      const gone = alerts.filter(({ expr }) => expr.startsWith("absent("))
      const missed = gone.filter(({ expr }) => !running.some((role) => isOf(role, expr)))
      expect(missed.map(({ alert }) => alert)).toEqual(raised)
    },
  )

  test("each is in the operations guide", () => {
    const guide = readFileSync(new URL("../../docs/OPERATIONS.md", import.meta.url), "utf8")
    expect(alerts.map(({ alert }) => alert).filter((name) => !guide.includes(`\`${name}\``))).toEqual([])
  })
})

test("a misspelt name, a label that isn't there and a broken query are found", () => {
  expect(findUnknown(readPromql("sum(rate(chat_oops_total[5m]))"))).toEqual(["chat_oops_total"])
  expect(findUnknown(readPromql('chat_build_info{job="a", roll="api"}'))).toEqual(["chat_build_info{roll}"])
  expect(readPromql("sum(rate(chat_jobs_total[5m])").faults).not.toEqual([])
})

function expectKnown(expr: string): void {
  const query = readPromql(expr)
  expect(query.faults).toEqual([])
  expect(findUnknown(query)).toEqual([])
  expect(query.selectors).not.toEqual([])
}

function read(name: string): string {
  return readFileSync(fileURLToPath(new URL(`../../deploy/monitoring/${name}`, import.meta.url)), "utf8")
}

/** The names under which Prometheus keeps what the registry has, each with its labels. */
function knownSeries(): Map<string, Set<string>> {
  return new Map(
    createMetrics()
      .registry.getMetricsAsArray()
      .flatMap((metric) => {
        const { name, type, labelNames } = Metric.parse(metric)
        const labels = [...labelNames, ...ADDED]
        if (type !== "histogram") return [[name, new Set(labels)] as const]
        return [
          [`${name}_bucket`, new Set([...labels, "le"])] as const,
          [`${name}_sum`, new Set(labels)] as const,
          [`${name}_count`, new Set(labels)] as const,
        ]
      }),
  )
}

function toMetric({ series }: Selector): string {
  return series.replace(/_(bucket|sum|count)$/, "")
}

interface Selector {
  series: string
  matchers: { label: string; operator: string; value: string }[]
}

/** Grafana's variables stand where Prometheus wants a duration. */
function readPromql(expr: string): { selectors: Selector[]; faults: string[] } {
  const query = expr.replaceAll("$__rate_interval", "5m")
  const selectors: Selector[] = []
  const faults: string[] = []
  parser.parse(query).iterate({
    enter({ type, from, to, node }) {
      if (type.isError) faults.push(`at ${from}: ${query.slice(from, from + 20)}`)
      if (type.name === "Identifier" && node.parent?.name === "VectorSelector")
        selectors.push({ series: query.slice(from, to), matchers: [] })
      if (type.name === "UnquotedLabelMatcher") {
        const textOf = (part: string) => query.slice(node.getChild(part)?.from, node.getChild(part)?.to)
        selectors.at(-1)?.matchers.push({
          label: textOf("LabelName"),
          operator: textOf("MatchOp"),
          value: JSON.parse(textOf("StringLiteral")),
        })
      }
    },
  })
  return { selectors, faults }
}

/** What a query asks for and the code doesn't count, series or labels. */
function findUnknown({ selectors }: { selectors: Selector[] }): string[] {
  return selectors.flatMap(({ series, matchers }) => {
    const labels = known.get(series)
    if (!labels) return [series]
    return matchers.flatMap(({ label }) => (labels.has(label) ? [] : [`${series}{${label}}`]))
  })
}

/** Whether the only series that a query asks for is there as long as a process of this role is scraped. */
function isOf(role: Role, expr: string): boolean {
  const { selectors } = readPromql(expr)
  expect(selectors).toEqual([
    { series: "chat_build_info", matchers: [{ label: "role", operator: "=~", value: expect.any(String) }] },
  ])
  // Prometheus's regular expressions match the whole value.
  return new RegExp(`^(?:${selectors[0]?.matchers[0]?.value})$`).test(role)
}
