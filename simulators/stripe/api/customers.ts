import { z } from "zod"
import { attachCard, createCard, testCard } from "../model/cards.ts"
import { change } from "../model/change.ts"
import { createCustomer, customerOf, deleteCustomer } from "../model/customers.ts"
import { noSuch } from "../model/refusals.ts"
import { page } from "./list.ts"
import { emptyable, ignored, inRange, mergedMetadata, metadata, paging, range, text } from "./params.ts"
import { paymentMethodOf } from "./payment-methods.ts"
import { type Call, type Row, row } from "./row.ts"
import { searchCustomers } from "./search.ts"

const Fields = {
  email: emptyable.optional(),
  name: emptyable.optional(),
  phone: emptyable.optional(),
  description: emptyable.optional(),
  metadata: metadata.optional(),
  invoice_settings: z
    .strictObject({
      default_payment_method: text.optional(),
      ...ignored("custom_fields", "footer", "rendering_options"),
    })
    .optional(),
  ...ignored("address", "balance", "business_name", "cash_balance", "individual_name", "invoice_prefix"),
  ...ignored(
    "next_invoice_sequence",
    "preferred_locales",
    "shipping",
    "source",
    "tax",
    "tax_exempt",
    "validate",
  ),
}

const Create = z.strictObject({ ...Fields, payment_method: text.optional(), ...ignored("tax_id_data") })
const Update = z.strictObject({ ...Fields, ...ignored("default_source") })
const List = z.strictObject({
  ...paging,
  email: text.optional(),
  created: range.optional(),
  ...ignored("test_clock"),
})
const Search = z.strictObject({ query: text, limit: paging.limit, ...ignored("page") })
const None = z.strictObject({})

export const customerRows: Row[] = [
  row("POST", "/v1/customers", Create, create),
  row("GET", "/v1/customers", List, ({ account, params: { email, created, ...paging } }) =>
    page(
      "/v1/customers",
      account.store
        .all("customer")
        .filter((each) => (email === undefined || each.email === email) && inRange(each.created, created)),
      paging,
    ),
  ),
  row("GET", "/v1/customers/search", Search, ({ account, params }) => searchCustomers(account, params)),
  row("GET", "/v1/customers/:id", None, ({ account, id }) => {
    return account.store.get("deleted_customer", id) ?? customerOf(account, id)
  }),
  row("POST", "/v1/customers/:id", Update, update),
  row("DELETE", "/v1/customers/:id", None, ({ account, id }) => deleteCustomer(account, id)),
  row(
    "GET",
    "/v1/customers/:id/payment_methods",
    z.strictObject({ ...paging, ...ignored("type") }),
    (call) => {
      customerOf(call.account, call.id)
      const own = call.account.store.all("payment_method").filter((method) => method.customer === call.id)
      return page(`/v1/customers/${call.id}/payment_methods`, own, call.params)
    },
  ),
]

function create({ account, params }: Call<z.output<typeof Create>>) {
  const customer = createCustomer(account, {
    email: params.email ?? undefined,
    name: params.name ?? undefined,
    phone: params.phone ?? undefined,
    description: params.description ?? undefined,
    metadata: mergedMetadata({}, params.metadata),
  })
  if (params.payment_method) {
    const kind = testCard(params.payment_method)
    const method = kind
      ? createCard(account, kind, customer)
      : paymentMethodOf(account, params.payment_method, "payment_method")
    attachCard(account, method, customer)
    if (params.invoice_settings?.default_payment_method === params.payment_method) {
      customer.invoice_settings.default_payment_method = method.id
    }
  }
  return customer
}

function update({ account, id, params }: Call<z.output<typeof Update>>) {
  const customer = customerOf(account, id)
  const { email, name, phone, description } = params
  const method = params.invoice_settings?.default_payment_method
  if (method && account.store.get("payment_method", method)?.customer !== id) {
    throw noSuch("PaymentMethod", method, "invoice_settings[default_payment_method]")
  }
  change(account, "customer.updated", customer, {
    ...(email !== undefined && { email }),
    ...(name !== undefined && { name }),
    ...(phone !== undefined && { phone }),
    ...(description !== undefined && { description }),
    metadata: mergedMetadata(customer.metadata, params.metadata),
    ...(method !== undefined && {
      invoice_settings: { ...customer.invoice_settings, default_payment_method: method || null },
    }),
  })
  return customer
}
