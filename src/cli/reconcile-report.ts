import { scrub } from "../config/logger.ts"
import type { Reconciled } from "../services/billing/reconcile.ts"

type State = NonNullable<Reconciled["changes"][number]["before"]>

/** What a reconciliation did, for a person. */
export function describeReconciled(done: Reconciled): string {
  const { changes, notices, takenBack, failures } = done
  const lines = [
    ...takenBack.map(({ customerId, stripeId }) => `${customerId}  taken back: ${stripeId}`),
    ...changes.map(({ customerId, before, after }) => `${customerId}  ${say(before)} → ${say(after)}`),
    ...notices.map(
      ({ customerId, kind, objectId, detail }) => `${customerId}  ${kind} ${objectId}: ${detail}`,
    ),
    ...failures.map(({ customerId, error }) => `${customerId}  failed: ${messageOf(error)}`),
    `${summaryOf(done)}.`,
  ]
  return `${lines.join("\n")}\n`
}

function summaryOf({ checked, changes, notices, takenBack, busy, failures }: Reconciled): string {
  const parts = [
    [changes.length, "changed"],
    [takenBack.length, "taken back"],
    [notices.length, "done at Stripe"],
  ] as const
  const done = parts.filter(([n]) => n > 0).map(([n, what]) => `${n} ${what}`)
  return [
    `${count(checked)} read`,
    ...(done.length > 0 ? done : ["nothing changed"]),
    ...(busy > 0 ? [`${busy} left to whoever reads them just now`] : []),
    ...(failures.length > 0 ? [`${failures.length} failed: run it again`] : []),
  ].join(", ")
}

/** The same for a program. */
export function reconciledAsJson({ failures, ...done }: Reconciled): string {
  const reported = failures.map(({ customerId, error }) => ({ customerId, error: messageOf(error) }))
  return `${JSON.stringify({ ...done, failures: reported }, null, 2)}\n`
}

const count = (customers: number) => `${customers} ${customers === 1 ? "customer" : "customers"}`

function say(state: State | null): string {
  if (state === null) return "basic (new)"
  return `${state.tier}${state.until ? ` until ${state.until.toISOString()}` : ""} (${state.reason})`
}

function messageOf(error: unknown): string {
  return scrub(error instanceof Error ? error.message : String(error))
}
