import Stripe from "stripe"
import { HANDLED_EVENTS } from "../../../src/services/billing/event-types.ts"
import type { Wishes } from "./options.ts"
import { MARK, type Part } from "./part.ts"

/** The webhook endpoint, with the secret where it was just made: Stripe shows it once. */
export interface EndpointPart extends Part {
  secret: string | null
  /** What a person should know of it. */
  remark: string | null
}

/** Says in an endpoint's metadata that another one has taken its place. */
const REPLACED = "replaced_by"

/** The endpoint that sends exactly the events that are handled to `url`. */
export async function setUpEndpoint(stripe: Stripe, wishes: Wishes, url: string): Promise<EndpointPart> {
  const found = await findEndpoints(stripe, url)
  const current = found.find(({ status }) => status === "enabled") ?? found[0]
  if (!current || wishes.rotate) return makeEndpoint(stripe, wishes, url, found)
  const part = { what: "Webhook", id: current.id, detail: url, secret: null, remark: remarkOn(current) }
  const sends = new Set<string>(current.enabled_events)
  const isRight = sends.size === HANDLED_EVENTS.length && HANDLED_EVENTS.every((type) => sends.has(type))
  if (isRight && current.status === "enabled") return { ...part, state: "kept" }
  if (!wishes.dryRun)
    await stripe.webhookEndpoints.update(current.id, { enabled_events: [...HANDLED_EVENTS], disabled: false })
  return { ...part, state: "changed", detail: `${url}, its events brought up to date` }
}

/** Newest first, without those that were replaced. */
async function findEndpoints(stripe: Stripe, url: string): Promise<Stripe.WebhookEndpoint[]> {
  const all = await stripe.webhookEndpoints.list({ limit: 100 }).autoPagingToArray({ limit: 1_000 })
  return all.filter((endpoint) => endpoint.url === url && !endpoint.metadata[REPLACED])
}

function remarkOn({ api_version }: Stripe.WebhookEndpoint): string | null {
  if (api_version === Stripe.API_VERSION) return null
  return (
    `The endpoint sends events in the form of ${api_version ?? "the account's version"}, and this release is made ` +
    `for ${Stripe.API_VERSION}. That does no harm; --rotate makes one of the newer form.`
  )
}

/** The new one is there before the old ones are disabled, so nothing falls between them. */
async function makeEndpoint(
  stripe: Stripe,
  { dryRun }: Wishes,
  url: string,
  former: Stripe.WebhookEndpoint[],
): Promise<EndpointPart> {
  const detail = former.length > 0 ? `${url}, in place of ${former.map(({ id }) => id).join(", ")}` : url
  const part = { what: "Webhook", state: "made" as const, detail, remark: null }
  if (dryRun) return { ...part, id: null, secret: null }
  const { id, secret = null } = await stripe.webhookEndpoints.create({
    url,
    enabled_events: [...HANDLED_EVENTS],
    api_version: Stripe.API_VERSION,
    description: "Made by npm run stripe:setup",
    metadata: MARK,
  })
  for (const each of former)
    await stripe.webhookEndpoints.update(each.id, { disabled: true, metadata: { [REPLACED]: id } })
  return { ...part, id, secret }
}
