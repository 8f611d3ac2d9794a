import { z } from "zod"
import type { Account } from "../model/account.ts"
import { change } from "../model/change.ts"
import { customerOf } from "../model/customers.ts"
import { invalid, noSuch } from "../model/refusals.ts"
import { configurationObject, portalSessionObject } from "../objects/portal.ts"
import { page } from "./list.ts"
import { emptyable, flag, ignored, mergedMetadata, metadata, paging, text } from "./params.ts"
import { type Call, type Row, row } from "./row.ts"

const CreateSession = z.strictObject({
  customer: text,
  configuration: text.optional(),
  return_url: text.optional(),
  ...ignored("after_expiration", "customer_account", "flow_data", "locale", "on_behalf_of"),
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
  ...ignored("login_page"),
}
const Create = z.strictObject({ ...Configuration, features: Features })
const Update = z.strictObject({ ...Configuration, features: Features.optional(), active: flag.optional() })
const List = z.strictObject({ ...paging, active: flag.optional(), is_default: flag.optional() })
const PATH = "/v1/billing_portal/configurations"

export const portalRows: Row[] = [
  row("POST", "/v1/billing_portal/sessions", CreateSession, createSession),
  row("POST", PATH, Create, ({ account, params }) => {
    const configuration = configurationObject(account, {
      businessProfile: params.business_profile,
      defaultReturnUrl: params.default_return_url ?? undefined,
      features: featuresOf(params.features),
      metadata: mergedMetadata({}, params.metadata),
      name: params.name ?? undefined,
    })
    account.emit(
      "billing_portal.configuration.created",
      account.store.add("portal_configuration", configuration),
    )
    return configuration
  }),
  row("GET", PATH, List, ({ account, params: { active, is_default, ...paging } }) =>
    page(
      PATH,
      account.store
        .all("portal_configuration")
        .filter((each) => active === undefined || each.active === active)
        .filter((each) => is_default === undefined || each.is_default === is_default),
      paging,
    ),
  ),
  row("GET", `${PATH}/:id`, z.strictObject({}), ({ account, id }) => configurationOf(account, id)),
  row("POST", `${PATH}/:id`, Update, ({ account, id, params }) => {
    const configuration = configurationOf(account, id)
    const { active, features } = params
    change(account, "billing_portal.configuration.updated", configuration, {
      ...(active !== undefined && { active }),
      ...(features && { features: { ...configuration.features, ...featuresOf(features) } }),
      ...(params.default_return_url !== undefined && { default_return_url: params.default_return_url }),
      metadata: mergedMetadata(configuration.metadata ?? {}, params.metadata),
    })
    return configuration
  }),
]

function createSession({ account, params }: Call<z.output<typeof CreateSession>>) {
  const customer = customerOf(account, params.customer, "customer")
  const configuration = params.configuration
    ? configurationOf(account, params.configuration, "configuration")
    : account.store.all("portal_configuration").find((each) => each.is_default)
  if (!configuration?.active) throw invalid("The portal configuration isn't active.", "configuration")
  const session = portalSessionObject(account, {
    customer: customer.id,
    configuration: configuration.id,
    returnUrl: params.return_url ?? configuration.default_return_url,
  })
  account.emit("billing_portal.session.created", account.store.add("portal_session", session))
  return session
}

function configurationOf(account: Account, id: string, param?: string) {
  const configuration = account.store.get("portal_configuration", id)
  if (!configuration) throw noSuch("configuration", id, param)
  return configuration
}

/** Feature settings come as texts; the only ones that matter here are flags. */
function featuresOf(value: unknown): object {
  return JSON.parse(JSON.stringify(value), (_, inner) =>
    inner === "true" ? true : inner === "false" ? false : inner,
  )
}
