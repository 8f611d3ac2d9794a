import { scrub } from "../config/logger.ts"
import type { Reconciled } from "../services/billing/reconcile.ts"

type State = NonNullable<Reconciled["changes"][number]["before"]>

/** Describes a reconciliation's result as text. */
export function describeReconciled(done: Reconciled): string {
  const { changes, notices, takenBack, failures } = done
  const lines = [
    ...takenBack.map(({ customerId, stripeId }) => `${customerId}  relinked: ${stripeId}`),
    ...changes.map(
      ({ customerId, before, after }) => `${customerId}  ${describe(before)} → ${describe(after)}`,
    ),
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
    [takenBack.length, "relinked"],
    [notices.length, "corrected at Stripe"],
  ] as const
  const done = parts.filter(([n]) => n > 0).map(([n, what]) => `${n} ${what}`)
  return [
    `${count(checked)} read`,
    ...(done.length > 0 ? done : ["nothing changed"]),
    ...(busy > 0 ? [`${busy} not read because another process was still reading them: run it again`] : []),
    ...(failures.length > 0 ? [`${failures.length} failed: run it again`] : []),
  ].join(", ")
}

/** Checks whether every customer was read and every rule enforced. */
export function isComplete({ busy, failures }: Reconciled): boolean {
  return busy === 0 && failures.length === 0
}

/** Formats the same result as JSON. */
export function reconciledAsJson({ failures, ...done }: Reconciled): string {
  const reported = failures.map(({ customerId, error }) => ({ customerId, error: messageOf(error) }))
  return `${JSON.stringify({ ...done, failures: reported }, null, 2)}\n`
}

const count = (customers: number) => `${customers} ${customers === 1 ? "customer" : "customers"}`

function describe(state: State | null): string {
  if (state === null) return "basic (new)"
  return `${state.tier}${state.until ? ` until ${state.until.toISOString()}` : ""} (${state.reason})`
}

function messageOf(error: unknown): string {
  return scrub(error instanceof Error ? error.message : String(error))
}
