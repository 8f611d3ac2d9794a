import { scrub } from "./config/logger.ts"
import type { Reconciled } from "./services/billing/reconcile.ts"

type State = NonNullable<Reconciled["changes"][number]["before"]>

/** What a reconciliation did, for a person. */
export function describeReconciled({ checked, changes, busy, failures }: Reconciled): string {
  const lines = [
    ...changes.map(({ customerId, before, after }) => `${customerId}  ${say(before)} → ${say(after)}`),
    ...failures.map(({ customerId, error }) => `${customerId}  couldn't be read: ${messageOf(error)}`),
    `${count(checked)} read, ${changes.length === 0 ? "nothing changed" : `${changes.length} changed`}` +
      `${busy > 0 ? `, ${busy} left to whoever reads them just now` : ""}` +
      `${failures.length > 0 ? `, ${failures.length} failed: run it again` : ""}.`,
  ]
  return `${lines.join("\n")}\n`
}

/** The same for a program. */
export function reconciledAsJson({ checked, changes, busy, failures }: Reconciled): string {
  const told = failures.map(({ customerId, error }) => ({ customerId, error: messageOf(error) }))
  return `${JSON.stringify({ checked, changes, busy, failures: told }, null, 2)}\n`
}

const count = (customers: number) => `${customers} ${customers === 1 ? "customer" : "customers"}`

function say(state: State | null): string {
  if (state === null) return "basic (new)"
  return `${state.tier}${state.until ? ` until ${state.until.toISOString()}` : ""} (${state.reason})`
}

function messageOf(error: unknown): string {
  return scrub(error instanceof Error ? error.message : String(error))
}
