import { formatTable } from "../lib/table.ts"
import type { Fault, FuzzResult } from "./fuzz.ts"

/** Answers by endpoint and status, as a table. */
export function formatCounts({ counts }: FuzzResult): string {
  const rows = [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, statuses]) => [name, String(sum(statuses.values())), listStatuses(statuses)])
  return formatTable(["endpoint", "answers", "by status"], rows)
}

const sum = (numbers: Iterable<number>) => [...numbers].reduce((a, b) => a + b, 0)

function listStatuses(statuses: Map<number, number>): string {
  return [...statuses]
    .sort(([a], [b]) => a - b)
    .map(([status, count]) => `${status}: ${count}`)
    .join(", ")
}

/** One fault with the request that brought it about. */
export function formatFault({ place, intent, call, status, faults }: Fault): string {
  const { method, path, headers, body } = call
  const shown = { method, path: cut(path), headers, ...(body === undefined ? {} : { body: cut(body) }) }
  return `${place} (${intent}) → ${status ?? "no answer"}\n  ${faults.map(cut).join("\n  ")}\n  ${JSON.stringify(shown)}`
}

/** How many endpoints were got into, and which weren't. */
export function formatReach({ endpoints, unreached }: FuzzResult): string {
  const reached = `${endpoints - unreached.length} of ${endpoints} endpoints had a success`
  return unreached.length === 0 ? reached : `${reached}; not ${unreached.join(", ")}`
}

/** So many requests get a success out of every endpoint, whatever the seed. */
const LONG_RUN = 5_000

/** What is wrong with a long run that never got into an endpoint. A short one may miss some. */
export function listUnreached({ drawn, unreached }: FuzzResult): string[] {
  if (drawn < LONG_RUN) return []
  return unreached.map((endpoint) => `${endpoint} never had a success, so little of it was tried.`)
}

const cut = (text: string) =>
  text.length > 600 ? `${text.slice(0, 600)}… (${text.length} characters)` : text
