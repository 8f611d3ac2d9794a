import { z } from "zod"
import { change } from "../model/change.ts"
import { invalid } from "../model/refusals.ts"
import { configurationObject, portalSessionObject } from "../objects/portal.ts"
import { defined, emptyable, flag, ignored, mergedMetadata, metadata, optional, text } from "./params.ts"
import { type Call, list, type Route, retrieve, route } from "./route.ts"

const CreateSession = {
  customer: text,
  ...optional({ configuration: text, return_url: text }),
  ...ignored("after_expiration customer_account flow_data locale on_behalf_of"),
}
const Features = z.record(z.string(), z.unknown())
const Profile = z
  .strictObject({ headline: emptyable, privacy_policy_url: text, terms_of_service_url: text })
  .partial()
const Configuration = {
  ...optional({ business_profile: Profile, default_return_url: emptyable, metadata, name: emptyable }),
  ...ignored("login_page"),
}
const Create = { ...Configuration, features: Features }
const Update = { ...Configuration, features: Features.optional(), active: flag.optional() }
const PATH = "/v1/billing_portal/configurations"

export const portalRoutes: Route[] = [
  route("POST", "/v1/billing_portal/sessions", CreateSession, createSession),
  route("POST", PATH, Create, ({ account, params }) => {
    const configuration = configurationObject(account, {
      businessProfile: params.business_profile,
      defaultReturnUrl: params.default_return_url,
      features: featuresOf(params.features),
      metadata: mergedMetadata({}, params.metadata),
      name: params.name,
    })
    return account.create("portal_configuration", configuration, "billing_portal.configuration.created")
  }),
  list(PATH, "portal_configuration", { active: flag, is_default: flag }),
  retrieve(PATH, "portal_configuration"),
  route("POST", `${PATH}/:id`, Update, ({ account, id, params }) => {
    const configuration = account.store.lookUp("portal_configuration", id)
    const { active, features, default_return_url } = params
    change(account, "billing_portal.configuration.updated", configuration, {
      ...defined({ active, default_return_url }),
      ...(features && { features: { ...configuration.features, ...featuresOf(features) } }),
      metadata: mergedMetadata(configuration.metadata ?? {}, params.metadata),
    })
    return configuration
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
    returnUrl: params.return_url ?? configuration.default_return_url,
  })
  return account.create("portal_session", session, "billing_portal.session.created")
}

/** Feature settings come as texts; the only ones that matter here are flags. */
function featuresOf(value: unknown): object {
  return JSON.parse(JSON.stringify(value), (_, inner) =>
    inner === "true" ? true : inner === "false" ? false : inner,
  )
}
