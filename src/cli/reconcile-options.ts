import { parseArgs } from "node:util"
import type { CustomerName } from "../services/billing/find-customer.ts"

export const RECONCILE_HELP = `Usage: npm run billing:reconcile [-- --all | --recent | --customer ID | --user ID] [--json]

Reads from Stripe what is true of the customers' subscriptions, writes down what wasn't known, and says what changed.
The service does the same by itself, every BILLING_RECONCILE_MINUTES for those who changed of late and daily for all.
Safe to run at any time, beside the service or without it; it reads the same configuration.

  --all          every customer (the default)
  --recent       who began to pay or whose state changed within a day, who is late, whose first payment is open
  --customer ID  one customer, by Stripe's id (cus_…) or by ours
  --user ID      the customer of one user
  --json         print the report as JSON
  --help         this text

Ends with code 1 when a customer couldn't be read, or there is no such customer, and with 2 for wrong options.
`

/** The command was given wrongly. The message is for a person. */
export class WrongOptions extends Error {
  override name = "WrongOptions"
}

export interface ReconcileWishes {
  scope: "all" | "recent" | CustomerName
  json: boolean
}

/** @throws {WrongOptions} */
export function readReconcileOptions(argv: string[]): ReconcileWishes | "help" {
  const { help, json = false, all, recent, customer, user } = parse(argv)
  if (help) return "help"
  const scopes: ReconcileWishes["scope"][] = [
    ...(all ? ["all" as const] : []),
    ...(recent ? ["recent" as const] : []),
    ...(customer === undefined ? [] : [{ customer }]),
    ...(user === undefined ? [] : [{ user }]),
  ]
  if (scopes.length > 1) throw new WrongOptions("Only one of --all, --recent, --customer and --user goes.")
  return { scope: scopes[0] ?? "all", json }
}

function parse(args: string[]) {
  const text = { type: "string" } as const
  const flag = { type: "boolean" } as const
  const options = { all: flag, recent: flag, customer: text, user: text, json: flag, help: flag }
  try {
    return parseArgs({ args, options }).values
  } catch (error) {
    throw new WrongOptions(`${(error as Error).message}\n\n${RECONCILE_HELP}`)
  }
}
