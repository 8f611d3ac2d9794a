import { z } from "zod"
import { change } from "../model/change.ts"
import { invalid } from "../model/refusals.ts"
import { priceObject, productObject } from "../objects/catalog.ts"
import { defined, flag, ignored, integer, mergedMetadata, metadata, optional, range, text } from "./params.ts"
import { type Call, list, type Route, retrieve, route } from "./route.ts"

const Product = {
  ...optional({ active: flag, description: text, metadata }),
  ...ignored(
    "images marketing_features package_dimensions shippable statement_descriptor tax_code tax_details",
  ),
  ...ignored("unit_label url"),
}
const CreateProduct = { ...Product, name: text, id: text.optional(), ...ignored("default_price_data type") }
const UpdateProduct = { ...Product, name: text.optional(), ...ignored("default_price") }

const Price = {
  ...optional({ active: flag, lookup_key: text, nickname: text, metadata, transfer_lookup_key: flag }),
  ...ignored("tax_behavior currency_options"),
}
const CreatePrice = {
  ...Price,
  currency: text,
  product: text.optional(),
  product_data: z
    .strictObject({
      name: text,
      metadata: metadata.optional(),
      ...ignored("active id unit_label tax_code statement_descriptor"),
    })
    .optional(),
  unit_amount: integer,
  recurring: z
    .strictObject({
      interval: z.enum(["day", "week", "month", "year"]),
      interval_count: integer.optional(),
      ...ignored("usage_type meter trial_period_days"),
    })
    .optional(),
  ...ignored("billing_scheme custom_unit_amount tiers tiers_mode transform_quantity unit_amount_decimal"),
}
const ListProducts = { active: flag, ids: z.array(text), created: range, ...ignored("shippable url") }
const ListPrices = {
  active: flag,
  currency: text,
  product: text,
  type: text,
  created: range,
  lookup_keys: z.array(text).max(10),
  ...ignored("recurring"),
}

export const catalogRoutes: Route[] = [
  route("POST", "/v1/products", CreateProduct, ({ account, params: { metadata, ...fields } }) => {
    const product = productObject(account, { ...fields, metadata: mergedMetadata({}, metadata) })
    return account.create("product", product, "product.created")
  }),
  list("/v1/products", "product", ListProducts, { tests: { ids: ({ id }, ids) => ids.includes(id) } }),
  retrieve("/v1/products", "product"),
  route("POST", "/v1/products/:id", UpdateProduct, ({ account, id, params }) => {
    const product = account.store.lookUp("product", id)
    const { active, name, description } = params
    change(account, "product.updated", product, {
      ...defined({ active, name, description }),
      metadata: mergedMetadata(product.metadata, params.metadata),
    })
    return product
  }),
  route("POST", "/v1/prices", CreatePrice, createPrice),
  list("/v1/prices", "price", ListPrices, {
    tests: { lookup_keys: ({ lookup_key }, keys) => keys.includes(lookup_key ?? "") },
  }),
  retrieve("/v1/prices", "price"),
  route("POST", "/v1/prices/:id", Price, ({ account, id, params }) => {
    const price = account.store.lookUp("price", id)
    const { active, nickname, lookup_key } = params
    change(account, "price.updated", price, {
      ...defined({ active, nickname, lookup_key }),
      metadata: mergedMetadata(price.metadata, params.metadata),
    })
    return price
  }),
]

function createPrice({ account, params }: Call<typeof CreatePrice>) {
  const { lookup_key: lookupKey, product_data: data, recurring, active, nickname, currency } = params
  const taken = lookupKey && account.store.all("price").find((price) => price.lookup_key === lookupKey)
  if (taken && !params.transfer_lookup_key) {
    throw invalid(`A price (\`${taken.id}\`) already uses that lookup key.`, "lookup_key")
  }
  if (taken) taken.lookup_key = null
  const product = data
    ? account.store.add("product", productObject(account, { name: data.name }))
    : account.store.lookUp("product", params.product ?? "", "product")
  const price = priceObject(account, {
    product: product.id,
    currency,
    unitAmount: params.unit_amount,
    interval: recurring?.interval,
    intervalCount: recurring?.interval_count,
    active,
    lookupKey,
    nickname,
    metadata: mergedMetadata({}, params.metadata),
  })
  return account.create("price", price, "price.created")
}
