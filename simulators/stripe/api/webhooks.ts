import { z } from "zod"
import type { Account } from "../model/account.ts"
import { API_VERSION } from "../model/events.ts"
import { newId } from "../model/ids.ts"
import { noSuch } from "../model/refusals.ts"
import { webhookEndpointObject } from "../objects/webhook-endpoint.ts"
import { page } from "./list.ts"
import { flag, ignored, inRange, mergedMetadata, metadata, paging, range, text } from "./params.ts"
import { type Call, type Row, row } from "./row.ts"

const Create = z.strictObject({
  url: z.url(),
  enabled_events: z.array(text).min(1),
  api_version: text.optional(),
  description: text.optional(),
  metadata: metadata.optional(),
  ...ignored("connect"),
})
const Update = z.strictObject({
  url: z.url().optional(),
  enabled_events: z.array(text).min(1).optional(),
  description: text.optional(),
  disabled: flag.optional(),
  metadata: metadata.optional(),
})
const ListEvents = z.strictObject({
  ...paging,
  type: text.optional(),
  types: z.array(text).max(20).optional(),
  created: range.optional(),
  delivery_success: flag.optional(),
})
const None = z.strictObject({})
const PATH = "/v1/webhook_endpoints"

export const webhookRows: Row[] = [
  row("POST", PATH, Create, ({ account, params }) => {
    const { url, enabled_events: events, description, api_version: version = API_VERSION } = params
    const secret = newId("whsec", 32)
    const endpoint = webhookEndpointObject(account, { url, secret, events, description, version })
    endpoint.metadata = mergedMetadata({}, params.metadata)
    return account.store.add("webhook_endpoint", endpoint)
  }),
  row("GET", PATH, z.strictObject(paging), ({ account, params }) =>
    page(PATH, account.store.all("webhook_endpoint").map(shown), params),
  ),
  row("GET", `${PATH}/:id`, None, ({ account, id }) => shown(endpointOf(account, id))),
  row("POST", `${PATH}/:id`, Update, update),
  row("DELETE", `${PATH}/:id`, None, ({ account, id }) => {
    endpointOf(account, id)
    account.store.remove("webhook_endpoint", id)
    return { id, object: "webhook_endpoint", deleted: true }
  }),
  row(
    "GET",
    "/v1/events",
    ListEvents,
    ({ account, params: { type, types, created, delivery_success: _, ...paging } }) =>
      page(
        "/v1/events",
        account.events
          .all()
          .filter((event) => matches(event.type, type ? [type] : types) && inRange(event.created, created)),
        paging,
      ),
  ),
  row("GET", "/v1/events/:id", None, ({ account, id }) => {
    const event = account.events.get(id)
    if (!event) throw noSuch("event", id)
    return event
  }),
]

function update({ account, id, params }: Call<z.output<typeof Update>>) {
  const endpoint = endpointOf(account, id)
  const { url, enabled_events, description, disabled } = params
  Object.assign(endpoint, {
    ...(url && { url }),
    ...(enabled_events && { enabled_events }),
    ...(description !== undefined && { description }),
    ...(disabled !== undefined && { status: disabled ? "disabled" : "enabled" }),
    metadata: mergedMetadata(endpoint.metadata, params.metadata),
  })
  return shown(endpoint)
}

function endpointOf(account: Account, id: string) {
  const endpoint = account.store.get("webhook_endpoint", id)
  if (!endpoint) throw noSuch("webhook endpoint", id)
  return endpoint
}

/** The secret is only shown to who made the endpoint. */
function shown<T extends { secret?: string }>({ secret: _, ...endpoint }: T) {
  return endpoint as Omit<T, "secret"> & { id: string }
}

function matches(type: string, wanted: string[] | undefined): boolean {
  return (
    !wanted ||
    wanted.some((each) => each === type || (each.endsWith("*") && type.startsWith(each.slice(0, -1))))
  )
}
