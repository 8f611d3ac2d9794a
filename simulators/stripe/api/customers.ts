import { z } from "zod"
import { attachCard, createCard, testCard } from "../model/cards.ts"
import { change } from "../model/change.ts"
import { createCustomer, customerOf, deleteCustomer } from "../model/customers.ts"
import { noSuch } from "../model/refusals.ts"
import { page } from "./list.ts"
import { emptyable, inRange, mergedMetadata, metadata, paging, range, text, unheeded } from "./params.ts"
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
      ...unheeded("custom_fields", "footer", "rendering_options"),
    })
    .optional(),
  ...unheeded("address", "balance", "business_name", "cash_balance", "individual_name", "invoice_prefix"),
  ...unheeded(
    "next_invoice_sequence",
    "preferred_locales",
    "shipping",
    "source",
    "tax",
    "tax_exempt",
    "validate",
  ),
}

const Create = z.strictObject({ ...Fields, payment_method: text.optional(), ...unheeded("tax_id_data") })
const Update = z.strictObject({ ...Fields, ...unheeded("default_source") })
const List = z.strictObject({
  ...paging,
  email: text.optional(),
  created: range.optional(),
  ...unheeded("test_clock"),
})
const Search = z.strictObject({ query: text, limit: paging.limit, ...unheeded("page") })
const None = z.strictObject({})

export const customerRows: Row[] = [
  row("POST", "/v1/customers", Create, create),
  row("GET", "/v1/customers", List, ({ world, params: { email, created, ...paging } }) =>
    page(
      "/v1/customers",
      world.store
        .all("customer")
        .filter((each) => (email === undefined || each.email === email) && inRange(each.created, created)),
      paging,
    ),
  ),
  row("GET", "/v1/customers/search", Search, ({ world, params }) => searchCustomers(world, params)),
  row("GET", "/v1/customers/:id", None, ({ world, id }) => {
    return world.store.get("deleted_customer", id) ?? customerOf(world, id)
  }),
  row("POST", "/v1/customers/:id", Update, update),
  row("DELETE", "/v1/customers/:id", None, ({ world, id }) => deleteCustomer(world, id)),
  row(
    "GET",
    "/v1/customers/:id/payment_methods",
    z.strictObject({ ...paging, ...unheeded("type") }),
    (call) => {
      customerOf(call.world, call.id)
      const own = call.world.store.all("payment_method").filter((method) => method.customer === call.id)
      return page(`/v1/customers/${call.id}/payment_methods`, own, call.params)
    },
  ),
]

function create({ world, params }: Call<z.output<typeof Create>>) {
  const customer = createCustomer(world, {
    email: params.email ?? undefined,
    name: params.name ?? undefined,
    phone: params.phone ?? undefined,
    description: params.description ?? undefined,
    metadata: mergedMetadata({}, params.metadata),
  })
  if (params.payment_method) {
    const kind = testCard(params.payment_method)
    const method = kind
      ? createCard(world, kind, customer)
      : paymentMethodOf(world, params.payment_method, "payment_method")
    attachCard(world, method, customer)
    if (params.invoice_settings?.default_payment_method === params.payment_method) {
      customer.invoice_settings.default_payment_method = method.id
    }
  }
  return customer
}

function update({ world, id, params }: Call<z.output<typeof Update>>) {
  const customer = customerOf(world, id)
  const { email, name, phone, description } = params
  const method = params.invoice_settings?.default_payment_method
  if (method && world.store.get("payment_method", method)?.customer !== id) {
    throw noSuch("PaymentMethod", method, "invoice_settings[default_payment_method]")
  }
  change(world, "customer.updated", customer, {
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
