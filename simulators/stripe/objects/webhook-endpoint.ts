import type Stripe from "stripe"
import { newId } from "../model/ids.ts"
import type { World } from "../model/world.ts"

export type NewEndpoint = {
  id?: string
  url: string
  secret: string
  events: string[]
  description?: string
  version: string
}

/** A receiver of events. */
export function webhookEndpointObject(world: World, fields: NewEndpoint): Stripe.WebhookEndpoint {
  return {
    id: fields.id ?? newId("we"),
    object: "webhook_endpoint",
    api_version: fields.version,
    application: null,
    created: world.now(),
    description: fields.description ?? null,
    enabled_events: fields.events,
    livemode: world.settings.livemode,
    metadata: {},
    secret: fields.secret,
    status: "enabled",
    url: fields.url,
  }
}
