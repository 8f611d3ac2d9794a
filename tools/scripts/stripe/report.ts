import type { Wishes } from "./options.ts"
import type { Part } from "./part.ts"
import type { Setup } from "./set-up.ts"

/** What was done, and what is to be set, for a person. */
export function report(setup: Setup, { dryRun }: Wishes): string {
  const { product, price, portal, endpoint } = setup
  const parts = [product, price, portal, ...(endpoint ? [endpoint] : [])]
  const isSame = parts.every(({ state }) => state === "kept")
  return [
    ...parts.map((part) => line(part, dryRun)),
    "",
    isSame ? "Everything was there already: nothing changed." : null,
    dryRun && !isSame ? "This was a dry run: nothing was done." : null,
    ...remarks(setup),
    ...(dryRun && !isSame ? [] : ["", "Set for every process of the service:", "", ...variables(setup)]),
    "",
  ]
    .filter((text) => text !== null)
    .join("\n")
}

function line({ what, id, state, detail }: Part, dryRun: boolean): string {
  const word = dryRun ? WOULD[state] : state
  return `  ${what.padEnd(8)} ${word.padEnd(15)} ${(id ?? "…").padEnd(30)} ${detail}`
}

const WOULD = { kept: "kept", changed: "to be changed", made: "to be made" }

function remarks({ endpoint }: Setup): string[] {
  if (!endpoint) return [NO_ENDPOINT]
  const secret = endpoint.state === "made" ? [] : [KNOWN_SECRET]
  return [...(endpoint.remark ? [endpoint.remark] : []), ...secret]
}

const NO_ENDPOINT = `No webhook endpoint: Stripe can't reach a service without a public address (PUBLIC_URL or --url). On a laptop run
stripe listen --forward-to localhost:3000/webhook/stripe
and set STRIPE_WEBHOOK_SECRET to the whsec_… that it prints.`

const KNOWN_SECRET = `STRIPE_WEBHOOK_SECRET stays as it is: Stripe shows an endpoint's secret once, when it is made. Where it is lost, look it
up in Stripe's Dashboard (Workbench, Webhooks), or run this with --rotate.`

function variables({ portal, endpoint, prices }: Setup): string[] {
  return [
    `STRIPE_PRICE_PRO=${[...prices.sold.map(({ id }) => id), ...prices.former].join(",")}`,
    `STRIPE_PORTAL_CONFIGURATION=${portal.id}`,
    ...(endpoint?.secret ? [`STRIPE_WEBHOOK_SECRET=${endpoint.secret}`] : []),
  ]
}
