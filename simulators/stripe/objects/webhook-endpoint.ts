import type Stripe from "stripe"
import type { Account } from "../model/account.ts"
import { API_VERSION } from "../model/events.ts"
import { newId } from "../model/ids.ts"
import { base, defined } from "./fields.ts"

type NewEndpoint = Partial<Stripe.WebhookEndpoint> &
  Pick<Stripe.WebhookEndpoint, "url" | "secret" | "enabled_events">

/** A receiver of events. */
export function webhookEndpointObject(account: Account, fields: NewEndpoint): Stripe.WebhookEndpoint {
  return {
    ...base(account, "webhook_endpoint", newId("we")),
    api_version: API_VERSION,
    application: null,
    description: null,
    metadata: {},
    status: "enabled",
    ...defined(fields),
  }
}
