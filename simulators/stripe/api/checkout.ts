import { z } from "zod"
import type { Account } from "../model/account.ts"
import { expireCheckout, openCheckout } from "../model/checkout.ts"
import { DAY, HOUR } from "../model/periods.ts"
import { invalid } from "../model/refusals.ts"
import { lineItemsOf } from "./includable.ts"
import { flag, integer, newMetadata, only, optional, paging, range, text, undone } from "./params.ts"
import { automaticTax, discounts, lookUpPromotion, trialDays } from "./pricing.ts"
import { type Call, listAndRetrieve, type Route, route, update } from "./route.ts"

const LineItem = {
  price: text,
  quantity: integer.optional(),
  ...undone("adjustable_quantity tax_rates metadata"),
}

const Create = {
  mode: z.enum(["subscription", "payment", "setup"]),
  line_items: z.array(z.strictObject(LineItem)).min(1).max(1, "the simulator takes one item"),
  success_url: text,
  metadata: newMetadata,
  ...optional({ cancel_url: text, customer: text, customer_email: text, expires_at: integer }),
  client_reference_id: z.string().max(200).optional(),
  subscription_data: z
    .strictObject({
      metadata: newMetadata,
      trial_period_days: trialDays,
      ...undone("application_fee_percent billing_cycle_anchor billing_cycle_anchor_config billing_mode"),
      ...undone("default_tax_rates description invoice_settings"),
      ...undone("on_behalf_of pending_invoice_item_interval proration_behavior transfer_data trial_end"),
      ...undone("trial_settings"),
    })
    .optional(),
  ui_mode: z.enum(["hosted", "hosted_page"]).optional(),
  allow_promotion_codes: flag.optional(),
  automatic_tax: automaticTax,
  customer_update: z
    .strictObject({ address: z.enum(["auto", "never"]).optional(), ...undone("name shipping") })
    .optional(),
  discounts: discounts.optional(),
  payment_method_collection: only("always"),
  ...undone(`adaptive_pricing after_expiration allowed_payment_method_types billing_address_collection branding_settings
    consent_collection currency custom_fields custom_text
    customer_account customer_creation excluded_payment_method_types invoice_creation
    integration_identifier locale managed_payments name_collection optional_items origin_context
    payment_method_configuration payment_method_data payment_method_options payment_method_types
    permissions phone_number_collection saved_payment_method_options submit_type tax_id_collection
    wallet_options
    payment_intent_data redirect_on_completion return_url setup_intent_data shipping_address_collection
    shipping_options`),
}
const List = {
  customer: text,
  subscription: text,
  status: z.enum(["open", "complete", "expired"]),
  created: range,
  ...undone("customer_account customer_details payment_intent payment_link"),
}
const PATH = "/v1/checkout/sessions"

export const checkoutRoutes: Route[] = [
  route("POST", PATH, Create, create),
  ...listAndRetrieve(PATH, "session", List, { known: ["customer", "subscription"] }),
  update(PATH, "session", {}),
  route("POST", `${PATH}/:id/expire`, {}, ({ account, id }) =>
    expireCheckout(account, account.store.lookUp("session", id)),
  ),
  route("GET", `${PATH}/:id/line_items`, paging, ({ account, id }) =>
    lineItemsOf(account, account.store.lookUp("session", id).id),
  ),
]

function create({ account, params }: Call<typeof Create>) {
  if (params.mode !== "subscription") throw invalid("The simulator only serves mode=subscription.", "mode")
  if (params.customer && params.customer_email) {
    throw invalid("You may only specify one of these parameters: customer, customer_email.", "customer_email")
  }
  if (params.allow_promotion_codes && params.discounts) {
    const message = "You may only specify one of these parameters: allow_promotion_codes, discounts."
    throw invalid(message, "discounts")
  }
  const [item] = params.line_items
  const price = account.store.lookUp("price", item?.price ?? "", "line_items[0][price]")
  if (!price.active) {
    const message = "The price specified is inactive. This field only accepts active prices."
    throw invalid(message, "line_items[0][price]")
  }
  if (!price.recurring)
    throw invalid("You must provide at least one recurring price in `subscription` mode.", "line_items")
  const quantity = item?.quantity ?? 1
  const { client_reference_id, customer_email, metadata, success_url, cancel_url } = params
  const customer = params.customer ? account.store.lookUp("customer", params.customer, "customer") : null
  const isTaxed = params.automatic_tax?.enabled === true
  if (isTaxed && customer && !customer.address && params.customer_update?.address !== "auto")
    throw noAddress()
  const bought = {
    price: price.id,
    quantity,
    subscriptionMetadata: params.subscription_data?.metadata ?? {},
    trialDays: params.subscription_data?.trial_period_days ?? null,
    promotion: params.discounts ? lookUpPromotion(account, params.discounts, "discounts[0]") : null,
    isTaxed,
  }
  const session = {
    ...{ customer, client_reference_id, customer_email, metadata, currency: price.currency },
    allow_promotion_codes: params.allow_promotion_codes ?? null,
    expires_at: expiry(account, params.expires_at),
    success_url: absolute(success_url, "success_url"),
    cancel_url: cancel_url === undefined ? undefined : absolute(cancel_url, "cancel_url"),
  }
  return openCheckout(account, session, bought)
}

function noAddress() {
  return invalid(
    "Automatic tax calculation in Checkout requires a valid address on the Customer. Add a valid address to the Customer or set either `customer_update[address]` to 'auto' or `customer_update[shipping]` to 'auto' to save the address entered in Checkout to the Customer.",
    undefined,
    "customer_tax_location_invalid",
  )
}

/** A caller's clock shows real time, also when the simulator's was moved on; either may be meant. */
function expiry(account: Account, asked: number | undefined): number {
  const now = account.now()
  if (asked === undefined) return now + DAY
  const realNow = Math.floor(Date.now() / 1000)
  for (const from of [now, realNow]) {
    const seconds = asked - from
    // A few seconds of grace for what lies between the caller's clock and this one.
    if (seconds >= HOUR / 2 - 10 && seconds <= DAY + 10) return now + seconds
  }
  throw invalid(
    "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation.",
    "expires_at",
  )
}

function absolute(url: string, param: string): string {
  if (/^https?:$/.test(URL.parse(url)?.protocol ?? "")) return url
  throw invalid("Not a valid URL", param, "url_invalid")
}
