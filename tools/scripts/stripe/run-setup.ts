import { createStripe } from "../../../src/services/billing/stripe.ts"
import { stripeSdk } from "../../../src/services/billing/stripe-sdk.ts"
import { HELP, readWishes, UsageError } from "./options.ts"
import { report } from "./report.ts"
import { setUp } from "./set-up.ts"

interface Output {
  out(text: string): unknown
  err(text: string): unknown
}

/** The command: arguments and variables in, texts out. @returns the exit code: 2 where it was given wrongly */
export async function runSetup(
  argv: string[],
  variables: Record<string, string | undefined>,
  { out, err }: Output,
): Promise<number> {
  try {
    const wishes = readWishes(argv, variables)
    if (wishes === "help") {
      out(HELP)
      return 0
    }
    out(`\n${report(await setUp(createStripe(wishes), wishes), wishes)}`)
    return 0
  } catch (error) {
    const why = explain(error)
    if (why === null) throw error
    err(`${why.trimEnd()}\n`)
    return error instanceof UsageError ? 2 : 1
  }
}

/** A sentence for what a person can mend. Stripe's own words on a key quote parts of it, so they aren't repeated. */
function explain(error: unknown): string | null {
  const { StripeAuthenticationError, StripeConnectionError, StripeError, StripePermissionError } =
    stripeSdk().errors
  if (error instanceof UsageError) return error.message
  if (error instanceof StripeAuthenticationError)
    return "Stripe refuses STRIPE_SECRET_KEY: is it whole, and not revoked?"
  if (error instanceof StripePermissionError)
    return "STRIPE_SECRET_KEY may not do that: it needs to write products, prices, portal and webhook endpoints."
  if (error instanceof StripeConnectionError)
    return "Stripe can't be reached. Is the network there, and STRIPE_BASE_URL right?"
  if (error instanceof StripeError)
    return `Stripe refuses: ${error.message} What was made so far is kept; run it again.`
  return null
}
