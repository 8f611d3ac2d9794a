import type Stripe from "stripe"
import type { Account } from "../model/account.ts"
import { newId } from "../model/ids.ts"

export type NewEndpoint = {
  id?: string
  url: string
  secret: string
  events: string[]
  description?: string
  version: string
}

/** A receiver of events. */
export function webhookEndpointObject(account: Account, fields: NewEndpoint): Stripe.WebhookEndpoint {
  return {
    id: fields.id ?? newId("we"),
    object: "webhook_endpoint",
    api_version: fields.version,
    application: null,
    created: account.now(),
    description: fields.description ?? null,
    enabled_events: fields.events,
    livemode: account.settings.livemode,
    metadata: {},
    secret: fields.secret,
    status: "enabled",
    url: fields.url,
  }
}
