import { formatTable } from "../drills/table.ts"
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

const cut = (text: string) =>
  text.length > 600 ? `${text.slice(0, 600)}… (${text.length} characters)` : text
