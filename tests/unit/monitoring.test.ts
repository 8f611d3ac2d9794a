import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { parser } from "@prometheus-io/lezer-promql"
import { describe, expect, test } from "vitest"
import { parse } from "yaml"
import { z } from "zod"
import { createMetrics } from "../../src/services/platform/metrics.ts"

const Dashboard = z.object({
  panels: z.array(
    z.object({
      title: z.string(),
      gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
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

const dashboard = Dashboard.parse(JSON.parse(read("grafana-dashboard.json")))
const alerts = Alerts.parse(parse(read("alerts.yml"))).groups.flatMap(({ rules }) => rules)
const known = knownSeries()

describe("the dashboard", () => {
  const queries = dashboard.panels.flatMap(({ title, targets }) =>
    targets.map(({ expr }) => ({ title, expr })),
  )

  test.each(queries)("$title asks for what the code counts: $expr", ({ expr }) => {
    const { faults, names } = readPromql(expr)
    expect(faults).toEqual([])
    expect(names.filter((name) => !known.has(name))).toEqual([])
    expect(names).not.toEqual([])
  })

  test("shows every figure of ours", () => {
    const shown = new Set(queries.flatMap(({ expr }) => readPromql(expr).names.map(toMetric)))
    const ours = createMetrics()
      .registry.getMetricsAsArray()
      .map(({ name }) => name)
    expect(ours.filter((name) => /^(chat|http)_/.test(name) && !shown.has(name))).toEqual([])
  })

  test("has no panel over another", () => {
    const taken = new Set<string>()
    for (const { title, gridPos } of dashboard.panels) {
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(taken.has(`${x}/${y}`), `${title} at ${x}/${y}`).toBe(false)
          taken.add(`${x}/${y}`)
        }
      }
    }
  })
})

describe("the alerts", () => {
  test.each(alerts)("$alert asks for what the code counts", ({ expr }) => {
    const { faults, names } = readPromql(expr)
    expect(faults).toEqual([])
    expect(names.filter((name) => !known.has(name))).toEqual([])
    expect(names).not.toEqual([])
  })

  test("each is in the operations guide", () => {
    const guide = readFileSync(new URL("../../docs/OPERATIONS.md", import.meta.url), "utf8")
    expect(alerts.map(({ alert }) => alert).filter((name) => !guide.includes(`\`${name}\``))).toEqual([])
  })
})

test("a misspelt name and a broken query are found", () => {
  expect(readPromql("sum(rate(chat_oops_total[5m]))").names).toEqual(["chat_oops_total"])
  expect(known.has("chat_oops_total")).toBe(false)
  expect(readPromql("sum(rate(chat_jobs_total[5m])").faults).not.toEqual([])
})

function read(name: string): string {
  return readFileSync(fileURLToPath(new URL(`../../deploy/monitoring/${name}`, import.meta.url)), "utf8")
}

/** The names under which Prometheus keeps what the registry has. */
function knownSeries(): Set<string> {
  return new Set(
    createMetrics()
      .registry.getMetricsAsArray()
      .flatMap(({ name, type }) =>
        String(type) === "histogram" ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
      ),
  )
}

function toMetric(series: string): string {
  return series.replace(/_(bucket|sum|count)$/, "")
}

/** Grafana's variables stand where Prometheus wants a duration. */
function readPromql(expr: string): { names: string[]; faults: string[] } {
  const query = expr.replaceAll("$__rate_interval", "5m")
  const names: string[] = []
  const faults: string[] = []
  parser.parse(query).iterate({
    enter({ type, from, to, node }) {
      if (type.isError) faults.push(`at ${from}: ${query.slice(from, from + 20)}`)
      if (type.name === "Identifier" && node.parent?.name === "VectorSelector")
        names.push(query.slice(from, to))
    },
  })
  return { names, faults }
}
