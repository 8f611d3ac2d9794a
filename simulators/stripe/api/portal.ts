import { z } from "zod"
import { change } from "../model/change.ts"
import { customerOf } from "../model/customers.ts"
import { invalid, noSuch } from "../model/refusals.ts"
import type { World } from "../model/world.ts"
import { configurationObject, portalSessionObject } from "../objects/portal.ts"
import { page } from "./list.ts"
import { emptyable, flag, mergedMetadata, metadata, paging, text, unheeded } from "./params.ts"
import { type Call, type Row, row } from "./row.ts"

const CreateSession = z.strictObject({
  customer: text,
  configuration: text.optional(),
  return_url: text.optional(),
  ...unheeded("after_expiration", "customer_account", "flow_data", "locale", "on_behalf_of"),
})
const Features = z.record(z.string(), z.unknown())
const Configuration = {
  business_profile: z
    .strictObject({
      headline: emptyable.optional(),
      privacy_policy_url: text.optional(),
      terms_of_service_url: text.optional(),
    })
    .optional(),
  default_return_url: emptyable.optional(),
  metadata: metadata.optional(),
  name: emptyable.optional(),
  ...unheeded("login_page"),
}
const Create = z.strictObject({ ...Configuration, features: Features })
const Update = z.strictObject({ ...Configuration, features: Features.optional(), active: flag.optional() })
const List = z.strictObject({ ...paging, active: flag.optional(), is_default: flag.optional() })
const PATH = "/v1/billing_portal/configurations"

export const portalRows: Row[] = [
  row("POST", "/v1/billing_portal/sessions", CreateSession, createSession),
  row("POST", PATH, Create, ({ world, params }) => {
    const configuration = configurationObject(world, {
      businessProfile: params.business_profile,
      defaultReturnUrl: params.default_return_url ?? undefined,
      features: featuresOf(params.features),
      metadata: mergedMetadata({}, params.metadata),
      name: params.name ?? undefined,
    })
    world.emit("billing_portal.configuration.created", world.store.add("portal_configuration", configuration))
    return configuration
  }),
  row("GET", PATH, List, ({ world, params: { active, is_default, ...paging } }) =>
    page(
      PATH,
      world.store
        .all("portal_configuration")
        .filter((each) => active === undefined || each.active === active)
        .filter((each) => is_default === undefined || each.is_default === is_default),
      paging,
    ),
  ),
  row("GET", `${PATH}/:id`, z.strictObject({}), ({ world, id }) => configurationOf(world, id)),
  row("POST", `${PATH}/:id`, Update, ({ world, id, params }) => {
    const configuration = configurationOf(world, id)
    const { active, features } = params
    change(world, "billing_portal.configuration.updated", configuration, {
      ...(active !== undefined && { active }),
      ...(features && { features: { ...configuration.features, ...featuresOf(features) } }),
      ...(params.default_return_url !== undefined && { default_return_url: params.default_return_url }),
      metadata: mergedMetadata(configuration.metadata ?? {}, params.metadata),
    })
    return configuration
  }),
]

function createSession({ world, params }: Call<z.output<typeof CreateSession>>) {
  const customer = customerOf(world, params.customer, "customer")
  const configuration = params.configuration
    ? configurationOf(world, params.configuration, "configuration")
    : world.store.all("portal_configuration").find((each) => each.is_default)
  if (!configuration?.active) throw invalid("The portal configuration isn't active.", "configuration")
  const session = portalSessionObject(world, {
    customer: customer.id,
    configuration: configuration.id,
    returnUrl: params.return_url ?? configuration.default_return_url,
  })
  world.emit("billing_portal.session.created", world.store.add("portal_session", session))
  return session
}

function configurationOf(world: World, id: string, param?: string) {
  const configuration = world.store.get("portal_configuration", id)
  if (!configuration) throw noSuch("configuration", id, param)
  return configuration
}

/** Feature settings come as texts; the only ones that matter here are flags. */
function featuresOf(value: unknown): object {
  return JSON.parse(JSON.stringify(value), (_, inner) =>
    inner === "true" ? true : inner === "false" ? false : inner,
  )
}
