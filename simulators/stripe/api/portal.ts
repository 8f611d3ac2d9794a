import { z } from "zod"
import { change } from "../model/change.ts"
import { invalid } from "../model/refusals.ts"
import { configurationObject, portalSessionObject } from "../objects/portal.ts"
import { flag, ignored, metadata, newMetadata, nullable, optional, patchOf, text } from "./params.ts"
import { type Call, listAndRetrieve, type Route, route } from "./route.ts"

const CreateSession = {
  customer: text,
  ...optional({ configuration: text, return_url: text }),
  ...ignored("after_expiration customer_account flow_data locale on_behalf_of"),
}
/** Their settings come as texts; the only ones that matter here are flags. */
const Features = z.record(z.string(), z.unknown()).transform((texts): object => {
  return JSON.parse(JSON.stringify(texts), (_, value) =>
    ["true", "false"].includes(value) ? value === "true" : value,
  )
})
const Configuration = {
  ...optional({ default_return_url: nullable, name: nullable }),
  ...ignored("business_profile login_page"),
}
const Create = { ...Configuration, features: Features, metadata: newMetadata }
const Update = { ...Configuration, ...optional({ active: flag, features: Features, metadata }) }
const PATH = "/v1/billing_portal/configurations"

export const portalRoutes: Route[] = [
  route("POST", "/v1/billing_portal/sessions", CreateSession, createSession),
  route("POST", PATH, Create, ({ account, params }) => {
    const configuration = configurationObject(account, params)
    return account.create("portal_configuration", configuration, "billing_portal.configuration.created")
  }),
  ...listAndRetrieve(PATH, "portal_configuration", { active: flag, is_default: flag }),
  route("POST", `${PATH}/:id`, Update, ({ account, id, params: { features, ...fields } }) => {
    const configuration = account.store.lookUp("portal_configuration", id)
    return change(account, "billing_portal.configuration.updated", configuration, {
      ...patchOf(configuration, fields),
      features: { ...configuration.features, ...features },
    })
  }),
]

function createSession({ account, params }: Call<typeof CreateSession>) {
  const customer = account.store.lookUp("customer", params.customer, "customer")
  const configuration = params.configuration
    ? account.store.lookUp("portal_configuration", params.configuration, "configuration")
    : account.store.all("portal_configuration").find((each) => each.is_default)
  if (!configuration?.active) throw invalid("The portal configuration isn't active.", "configuration")
  const session = portalSessionObject(account, {
    customer: customer.id,
    configuration: configuration.id,
    return_url: params.return_url ?? configuration.default_return_url,
  })
  return account.create("portal_session", session, "billing_portal.session.created")
}
