import { z } from "zod"
import { attachCard, createCard, testCard } from "../model/cards.ts"
import { change } from "../model/change.ts"
import { createCustomer, deleteCustomer } from "../model/customers.ts"
import { noSuch } from "../model/refusals.ts"
import { page } from "./page.ts"
import {
  metadata,
  newMetadata,
  nullable,
  only,
  optional,
  paging,
  patchOf,
  range,
  text,
  undone,
} from "./params.ts"
import { lookUpCard } from "./payment-methods.ts"
import { type Call, list, type Route, route } from "./route.ts"
import { searchCustomers } from "./search.ts"

const InvoiceSettings = {
  default_payment_method: text.optional(),
  ...undone("custom_fields footer rendering_options"),
}
const Fields = {
  ...optional({ email: nullable, name: nullable, phone: nullable, description: nullable }),
  invoice_settings: z.strictObject(InvoiceSettings).optional(),
  ...undone(`address balance business_name cash_balance individual_name invoice_prefix next_invoice_sequence
    preferred_locales shipping source tax tax_exempt validate`),
}
const Create = {
  ...Fields,
  metadata: newMetadata,
  payment_method: text.optional(),
  ...undone("tax_id_data test_clock"),
}
const Update = { ...Fields, metadata: metadata.optional(), ...undone("default_source") }
const Search = { query: text, limit: paging.limit, ...undone("page") }
const PATH = "/v1/customers"

export const customerRoutes: Route[] = [
  route("POST", PATH, Create, create),
  list(PATH, "customer", { email: text, created: range, ...undone("test_clock") }),
  route("GET", `${PATH}/search`, Search, ({ account, params }) => searchCustomers(account, params)),
  route("GET", `${PATH}/:id`, {}, ({ account, id }) => {
    return account.store.get("deleted_customer", id) ?? account.store.lookUp("customer", id)
  }),
  route("POST", `${PATH}/:id`, Update, update),
  route("DELETE", `${PATH}/:id`, {}, ({ account, id }) => deleteCustomer(account, id)),
  route("GET", `${PATH}/:id/payment_methods`, { ...paging, type: only("card") }, (call) => {
    const { id } = call.account.store.lookUp("customer", call.id)
    const own = call.account.store.all("payment_method").filter(({ customer }) => customer === id)
    return page(`${PATH}/${id}/payment_methods`, own, call.params)
  }),
]

function create({ account, params }: Call<typeof Create>) {
  const { payment_method: card, invoice_settings, ...fields } = params
  const customer = createCustomer(account, fields)
  if (card) {
    const kind = testCard(card)
    const method = kind ? createCard(account, kind, customer) : lookUpCard(account, card, "payment_method")
    attachCard(account, method, customer)
    if (invoice_settings?.default_payment_method === card) {
      customer.invoice_settings.default_payment_method = method.id
    }
  }
  return customer
}

function update({ account, id, params }: Call<typeof Update>) {
  const customer = account.store.lookUp("customer", id)
  const { invoice_settings, ...fields } = params
  const method = invoice_settings?.default_payment_method
  if (method && account.store.get("payment_method", method)?.customer !== id) {
    throw noSuch("PaymentMethod", method, "invoice_settings[default_payment_method]")
  }
  return change(account, "customer.updated", customer, {
    ...patchOf(customer, fields),
    ...(method !== undefined && {
      invoice_settings: { ...customer.invoice_settings, default_payment_method: method || null },
    }),
  })
}
