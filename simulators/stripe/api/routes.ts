import { catalogRows } from "./catalog.ts"
import { checkoutRows } from "./checkout.ts"
import { customerRows } from "./customers.ts"
import { invoiceRows } from "./invoices.ts"
import { paymentMethodRows } from "./payment-methods.ts"
import { paymentRows } from "./payments.ts"
import { portalRows } from "./portal.ts"
import { refundDisputeRoutes } from "./refunds-disputes.ts"
import type { Row } from "./row.ts"
import { subscriptionRows } from "./subscriptions.ts"
import { webhookRows } from "./webhooks.ts"

const ROWS: Row[] = [
  ...customerRows,
  ...catalogRows,
  ...checkoutRows,
  ...subscriptionRows,
  ...invoiceRows,
  ...paymentRows,
  ...paymentMethodRows,
  ...refundDisputeRoutes,
  ...portalRows,
  ...webhookRows,
]

const PATTERNS = ROWS.map((row) => ({ row, pattern: patternOf(row.path) }))

/** The call that a request is for, and the id in its path. */
export function routeOf(method: string, path: string): { row: Row; id: string } | undefined {
  for (const { row, pattern } of PATTERNS) {
    const match = row.method === method ? pattern.exec(path) : null
    if (match) return { row, id: match[1] ?? "" }
  }
  return undefined
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replace(":id", "([^/]+)")}$`)
}
