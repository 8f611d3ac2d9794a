import { parseArgs } from "node:util"
import type { CustomerName } from "../services/billing/find-customer.ts"

export const RECONCILE_HELP = `Usage: npm run billing:reconcile [-- --all | --recent | --customer ID | --user ID] [--json]

Reads customers' subscriptions from Stripe, stores what has changed and reports it. The service does the same by itself:
every BILLING_RECONCILE_MINUTES for customers that changed recently, and daily for all that have a subscription or used
Checkout within 30 days. The command uses the service's configuration and is safe to run at any time, whether or not
the service is running. It waits up to half a minute for a customer that another process is reading.

  --all          every customer (the default)
  --recent       customers that started to pay or changed within a day, are late, or have an open first payment
  --customer ID  one customer, by Stripe id (cus_…) or by our id
  --user ID      the customer of one user
  --json         print the report as JSON
  --help         show this text

Exits with code 1 if a customer wasn't read or doesn't exist, and with 2 for invalid options.
`

/** The command line is invalid. The message is shown to the user. */
export class InvalidOptions extends Error {
  override name = "InvalidOptions"
}

export interface ReconcileOptions {
  scope: "all" | "recent" | CustomerName
  json: boolean
}

/** @throws {InvalidOptions} */
export function readReconcileOptions(argv: string[]): ReconcileOptions | "help" {
  const { help, json = false, all, recent, customer, user } = parse(argv)
  if (help) return "help"
  const scopes: ReconcileOptions["scope"][] = [
    ...(all ? ["all" as const] : []),
    ...(recent ? ["recent" as const] : []),
    ...(customer === undefined ? [] : [{ customer }]),
    ...(user === undefined ? [] : [{ user }]),
  ]
  if (scopes.length > 1) throw new InvalidOptions("Use only one of --all, --recent, --customer and --user.")
  return { scope: scopes[0] ?? "all", json }
}

function parse(args: string[]) {
  const text = { type: "string" } as const
  const flag = { type: "boolean" } as const
  const options = { all: flag, recent: flag, customer: text, user: text, json: flag, help: flag }
  try {
    return parseArgs({ args, options }).values
  } catch (error) {
    throw new InvalidOptions(`${(error as Error).message}\n\n${RECONCILE_HELP}`)
  }
}
