import type Stripe from "stripe"
import type { Account } from "../model/account.ts"
import { newId } from "../model/ids.ts"
import { base } from "./fields.ts"

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
    ...base(account, "webhook_endpoint", fields.id ?? newId("we")),
    api_version: fields.version,
    application: null,
    description: fields.description ?? null,
    enabled_events: fields.events,
    metadata: {},
    secret: fields.secret,
    status: "enabled",
    url: fields.url,
  }
}
