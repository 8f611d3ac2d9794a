import { z } from "zod"
import type { Account } from "../model/account.ts"
import { expireCheckout, type OpenSession, openCheckout } from "../model/checkout.ts"
import { customerOf } from "../model/customers.ts"
import { DAY, HOUR } from "../model/periods.ts"
import { invalid, noSuch } from "../model/refusals.ts"
import { priceOf } from "./catalog.ts"
import { lineItemsOf } from "./includable.ts"
import { page, refuseUnknown } from "./list.ts"
import { ignored, inRange, integer, mergedMetadata, metadata, paging, range, text } from "./params.ts"
import { type Call, type Row, row } from "./row.ts"

const Create = z.strictObject({
  mode: z.enum(["subscription", "payment", "setup"]),
  line_items: z
    .array(
      z.strictObject({
        price: text,
        quantity: integer.optional(),
        ...ignored("adjustable_quantity", "tax_rates", "metadata"),
      }),
    )
    .min(1)
    .max(1, "the simulator takes one item"),
  success_url: text,
  cancel_url: text.optional(),
  customer: text.optional(),
  customer_email: text.optional(),
  client_reference_id: z.string().max(200).optional(),
  expires_at: integer.optional(),
  metadata: metadata.optional(),
  subscription_data: z
    .strictObject({
      metadata: metadata.optional(),
      ...ignored(
        "billing_mode",
        "description",
        "invoice_settings",
        "default_tax_rates",
        "proration_behavior",
      ),
    })
    .optional(),
  ui_mode: z.enum(["hosted", "hosted_page"]).optional(),
  ...ignored("adaptive_pricing", "after_expiration", "allow_promotion_codes", "allowed_payment_method_types"),
  ...ignored("automatic_tax", "billing_address_collection", "branding_settings", "consent_collection"),
  ...ignored("currency", "custom_fields", "custom_text", "customer_account", "customer_creation"),
  ...ignored("customer_update", "discounts", "excluded_payment_method_types", "integration_identifier"),
  ...ignored("locale", "managed_payments", "name_collection", "optional_items", "origin_context"),
  ...ignored("payment_method_collection", "payment_method_configuration", "payment_method_data"),
  ...ignored("payment_method_options", "permissions", "phone_number_collection"),
  ...ignored("saved_payment_method_options", "submit_type", "tax_id_collection", "wallet_options"),
})
const List = z.strictObject({
  ...paging,
  customer: text.optional(),
  subscription: text.optional(),
  status: z.enum(["open", "complete", "expired"]).optional(),
  created: range.optional(),
  ...ignored("customer_account", "customer_details", "payment_intent", "payment_link"),
})
const None = z.strictObject({})
const PATH = "/v1/checkout/sessions"

export const checkoutRows: Row[] = [
  row("POST", PATH, Create, create),
  row("GET", PATH, List, list),
  row("GET", `${PATH}/:id`, None, ({ account, id }) => sessionOf(account, id)),
  row("POST", `${PATH}/:id`, z.strictObject({ metadata: metadata.optional() }), ({ account, id, params }) => {
    const session = sessionOf(account, id)
    session.metadata = mergedMetadata(session.metadata ?? {}, params.metadata)
    return session
  }),
  row("POST", `${PATH}/:id/expire`, None, ({ account, id }) =>
    expireCheckout(account, sessionOf(account, id)),
  ),
  row("GET", `${PATH}/:id/line_items`, z.strictObject(paging), ({ account, id }) => {
    return lineItemsOf(account, sessionOf(account, id).id)
  }),
]

function list({ account, params }: Call<z.output<typeof List>>) {
  const { customer, subscription, status, created, ...paging } = params
  refuseUnknown(account, { customer, subscription })
  const found = account.store
    .all("session")
    .filter((each) => !customer || each.customer === customer)
    .filter((each) => !subscription || each.subscription === subscription)
    .filter((each) => (!status || each.status === status) && inRange(each.created, created))
  return page(PATH, found, paging)
}

/** A session that exists. Refuses otherwise. */
export function sessionOf(account: Account, id: string) {
  const session = account.store.get("session", id)
  if (!session) throw noSuch("checkout.session", id)
  return session
}

function create({ account, params }: Call<z.output<typeof Create>>) {
  if (params.mode !== "subscription") throw invalid("The simulator only serves mode=subscription.", "mode")
  if (params.customer && params.customer_email) {
    throw invalid("You may only specify one of these parameters: customer, customer_email.", "customer_email")
  }
  return openCheckout(account, wanted(account, params))
}

function wanted(account: Account, params: z.output<typeof Create>): OpenSession {
  const [item] = params.line_items
  const price = priceOf(account, item?.price ?? "", "line_items[0][price]")
  if (!price.active)
    throw invalid(
      `The price specified is inactive. This field only accepts active prices.`,
      "line_items[0][price]",
    )
  if (!price.recurring)
    throw invalid("You must provide at least one recurring price in `subscription` mode.", "line_items")
  const quantity = item?.quantity ?? 1
  return {
    customer: params.customer ? customerOf(account, params.customer, "customer") : null,
    customerEmail: params.customer_email,
    clientReferenceId: params.client_reference_id,
    amount: (price.unit_amount ?? 0) * quantity,
    currency: price.currency,
    metadata: mergedMetadata({}, params.metadata),
    expiresAt: expiry(account, params.expires_at),
    successUrl: absolute(params.success_url, "success_url"),
    cancelUrl: params.cancel_url === undefined ? undefined : absolute(params.cancel_url, "cancel_url"),
    price: price.id,
    quantity,
    subscriptionMetadata: mergedMetadata({}, params.subscription_data?.metadata),
  }
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
