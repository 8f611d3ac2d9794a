import { z } from "zod"
import { newId } from "../model/ids.ts"
import { noSuch } from "../model/refusals.ts"
import { webhookEndpointObject } from "../objects/webhook-endpoint.ts"
import { page } from "./page.ts"
import {
  flag,
  inRange,
  metadata,
  newMetadata,
  only,
  optional,
  paging,
  patchOf,
  range,
  text,
  undone,
} from "./params.ts"
import { type Call, type Route, route } from "./route.ts"

const Create = {
  url: z.url(),
  enabled_events: z.array(text).min(1),
  metadata: newMetadata,
  ...optional({ api_version: text, description: text }),
  connect: only("false"),
}
const { url, enabled_events, description } = Create
const Update = optional({ url, enabled_events, description, disabled: flag, metadata })
const ListEvents = {
  ...paging,
  ...optional({ type: text, types: z.array(text).max(20), created: range }),
  ...undone("delivery_success"),
}
const PATH = "/v1/webhook_endpoints"

export const webhookRoutes: Route[] = [
  route("POST", PATH, Create, ({ account, params }) => {
    const endpoint = webhookEndpointObject(account, { ...params, secret: newId("whsec", 32) })
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
  const { disabled, ...fields } = params
  Object.assign(endpoint, {
    ...patchOf(endpoint, fields),
    ...(disabled !== undefined && { status: disabled ? "disabled" : "enabled" }),
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
