import { z } from "zod"
import { API_VERSION } from "../model/events.ts"
import { newId } from "../model/ids.ts"
import { noSuch } from "../model/refusals.ts"
import type { World } from "../model/world.ts"
import { webhookEndpointObject } from "../objects/webhook-endpoint.ts"
import { page } from "./list.ts"
import { flag, inRange, mergedMetadata, metadata, paging, range, text, unheeded } from "./params.ts"
import { type Call, type Row, row } from "./row.ts"

const Create = z.strictObject({
  url: z.url(),
  enabled_events: z.array(text).min(1),
  api_version: text.optional(),
  description: text.optional(),
  metadata: metadata.optional(),
  ...unheeded("connect"),
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
  row("POST", PATH, Create, ({ world, params }) => {
    const { url, enabled_events: events, description, api_version: version = API_VERSION } = params
    const secret = newId("whsec", 32)
    const endpoint = webhookEndpointObject(world, { url, secret, events, description, version })
    endpoint.metadata = mergedMetadata({}, params.metadata)
    return world.store.add("webhook_endpoint", endpoint)
  }),
  row("GET", PATH, z.strictObject(paging), ({ world, params }) =>
    page(PATH, world.store.all("webhook_endpoint").map(shown), params),
  ),
  row("GET", `${PATH}/:id`, None, ({ world, id }) => shown(endpointOf(world, id))),
  row("POST", `${PATH}/:id`, Update, update),
  row("DELETE", `${PATH}/:id`, None, ({ world, id }) => {
    endpointOf(world, id)
    world.store.remove("webhook_endpoint", id)
    return { id, object: "webhook_endpoint", deleted: true }
  }),
  row(
    "GET",
    "/v1/events",
    ListEvents,
    ({ world, params: { type, types, created, delivery_success: _, ...paging } }) =>
      page(
        "/v1/events",
        world.events
          .all()
          .filter((event) => matches(event.type, type ? [type] : types) && inRange(event.created, created)),
        paging,
      ),
  ),
  row("GET", "/v1/events/:id", None, ({ world, id }) => {
    const event = world.events.get(id)
    if (!event) throw noSuch("event", id)
    return event
  }),
]

function update({ world, id, params }: Call<z.output<typeof Update>>) {
  const endpoint = endpointOf(world, id)
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

function endpointOf(world: World, id: string) {
  const endpoint = world.store.get("webhook_endpoint", id)
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
