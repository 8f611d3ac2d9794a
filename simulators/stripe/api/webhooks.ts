import { z } from "zod"
import { API_VERSION } from "../model/events.ts"
import { newId } from "../model/ids.ts"
import { noSuch } from "../model/refusals.ts"
import { webhookEndpointObject } from "../objects/webhook-endpoint.ts"
import { page } from "./page.ts"
import {
  defined,
  flag,
  ignored,
  inRange,
  mergedMetadata,
  metadata,
  optional,
  paging,
  range,
  text,
} from "./params.ts"
import { type Call, type Route, route } from "./route.ts"

const Create = {
  url: z.url(),
  enabled_events: z.array(text).min(1),
  ...optional({ api_version: text, description: text, metadata }),
  ...ignored("connect"),
}
const Update = optional({
  url: z.url(),
  enabled_events: z.array(text).min(1),
  description: text,
  disabled: flag,
  metadata,
})
const ListEvents = {
  ...paging,
  ...optional({ type: text, types: z.array(text).max(20), created: range }),
  ...ignored("delivery_success"),
}
const PATH = "/v1/webhook_endpoints"

export const webhookRoutes: Route[] = [
  route("POST", PATH, Create, ({ account, params }) => {
    const { url, enabled_events: events, description, api_version: version = API_VERSION } = params
    const secret = newId("whsec", 32)
    const endpoint = webhookEndpointObject(account, { url, secret, events, description, version })
    endpoint.metadata = mergedMetadata({}, params.metadata)
    return account.store.add("webhook_endpoint", endpoint)
  }),
  route("GET", PATH, paging, ({ account, params }) =>
    page(PATH, account.store.all("webhook_endpoint").map(withoutSecret), params),
  ),
  route("GET", `${PATH}/:id`, {}, ({ account, id }) =>
    withoutSecret(account.store.lookUp("webhook_endpoint", id)),
  ),
  route("POST", `${PATH}/:id`, Update, update),
  route("DELETE", `${PATH}/:id`, {}, ({ account, id }) => {
    account.store.lookUp("webhook_endpoint", id)
    account.store.remove("webhook_endpoint", id)
    return { id, object: "webhook_endpoint", deleted: true }
  }),
  route("GET", "/v1/events", ListEvents, ({ account, params }) => {
    const { type, types, created } = params
    const found = account.events
      .all()
      .filter((event) => matches(event.type, type ? [type] : types) && inRange(event.created, created))
    return page("/v1/events", found, params)
  }),
  route("GET", "/v1/events/:id", {}, ({ account, id }) => {
    const event = account.events.get(id)
    if (!event) throw noSuch("event", id)
    return event
  }),
]

function update({ account, id, params }: Call<typeof Update>) {
  const endpoint = account.store.lookUp("webhook_endpoint", id)
  const { url, enabled_events, description, disabled } = params
  Object.assign(endpoint, {
    ...defined({ url, enabled_events, description }),
    ...(disabled !== undefined && { status: disabled ? "disabled" : "enabled" }),
    metadata: mergedMetadata(endpoint.metadata, params.metadata),
  })
  return withoutSecret(endpoint)
}

/** Only the answer that creates an endpoint has its secret. */
function withoutSecret<T extends { secret?: string }>({ secret: _, ...endpoint }: T) {
  return endpoint as Omit<T, "secret"> & { id: string }
}

function matches(type: string, wanted: string[] | undefined): boolean {
  return (
    !wanted ||
    wanted.some((each) => each === type || (each.endsWith("*") && type.startsWith(each.slice(0, -1))))
  )
}
