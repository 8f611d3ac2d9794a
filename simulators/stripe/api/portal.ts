import { z } from "zod"
import type { Account } from "../model/account.ts"
import { change } from "../model/change.ts"
import { invalid } from "../model/refusals.ts"
import { defined } from "../objects/fields.ts"
import { configurationObject, portalSessionObject, withFeatures } from "../objects/portal.ts"
import { flag, metadata, newMetadata, nullable, only, optional, patchOf, text, undone } from "./params.ts"
import { type Call, listAndRetrieve, type Route, route } from "./route.ts"

const CreateSession = {
  customer: text,
  ...optional({ configuration: text, return_url: text }),
  ...undone("after_expiration customer_account flow_data locale on_behalf_of"),
}
const Switch = z.strictObject({
  enabled: flag,
  default_allowed_updates: z.array(z.literal("price")).optional(),
  products: z
    .array(z.strictObject({ product: text, prices: z.array(text).min(1), ...undone("adjustable_quantity") }))
    .optional(),
  proration_behavior: only("always_invoice"),
  trial_update_behavior: only("continue_trial"),
  ...undone("billing_cycle_anchor schedule_at_period_end"),
})
const Cancel = z.strictObject({
  enabled: flag,
  mode: z.enum(["at_period_end", "immediately"]).optional(),
  proration_behavior: only("none"),
  ...undone("cancellation_reason"),
})
const Features = z
  .strictObject({
    customer_update: z.strictObject({ enabled: only("false"), ...undone("allowed_updates") }),
    invoice_history: z.strictObject({ enabled: flag }),
    payment_method_update: z.strictObject({ enabled: flag, ...undone("payment_method_configuration") }),
    subscription_cancel: Cancel,
    subscription_pause: z.strictObject({ enabled: only("false") }),
    subscription_update: Switch,
  })
  .partial()
const Configuration = {
  ...optional({ default_return_url: nullable, name: nullable }),
  ...undone("business_profile login_page"),
}
const Create = { ...Configuration, features: Features, metadata: newMetadata }
const Update = { ...Configuration, ...optional({ active: flag, features: Features, metadata }) }
const PATH = "/v1/billing_portal/configurations"

export const portalRoutes: Route[] = [
  route("POST", "/v1/billing_portal/sessions", CreateSession, createSession),
  route("POST", PATH, Create, ({ account, params }) => {
    const { features, ...fields } = params
    requireKnown(account, features)
    const configuration = configurationObject(account, { ...fields, features: withoutUndefined(features) })
    return account.create("portal_configuration", configuration, "billing_portal.configuration.created")
  }),
  ...listAndRetrieve(PATH, "portal_configuration", { active: flag, is_default: flag }),
  route("POST", `${PATH}/:id`, Update, ({ account, id, params: { features, ...fields } }) => {
    const configuration = account.store.lookUp("portal_configuration", id)
    requireKnown(account, features)
    return change(account, "billing_portal.configuration.updated", configuration, {
      ...patchOf(configuration, fields),
      features: withFeatures(configuration.features, withoutUndefined(features ?? {})),
    })
  }),
]

type Given = z.output<typeof Features>

function requireKnown({ store }: Account, { subscription_update: update }: Given = {}) {
  for (const { product, prices } of update?.products ?? []) {
    store.lookUp("product", product, "features[subscription_update][products][0][product]")
    for (const price of prices)
      store.lookUp("price", price, "features[subscription_update][products][0][prices]")
  }
}

function withoutUndefined(features: Given) {
  return Object.fromEntries(
    Object.entries(features).map(([name, settings]) => [name, defined(settings ?? {})]),
  )
}

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
