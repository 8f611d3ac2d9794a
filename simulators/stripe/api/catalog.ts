import { z } from "zod"
import { invalid } from "../model/refusals.ts"
import { priceObject, productObject } from "../objects/catalog.ts"
import { flag, integer, newMetadata, only, optional, range, text, undone } from "./params.ts"
import { type Call, listAndRetrieve, type Route, route, update } from "./route.ts"

const Product = {
  ...optional({ active: flag, description: text }),
  ...undone(`images marketing_features package_dimensions shippable statement_descriptor tax_code tax_details
    unit_label url`),
}
const CreateProduct = {
  ...Product,
  name: text,
  id: text.optional(),
  metadata: newMetadata,
  ...undone("default_price_data type"),
}
const UpdateProduct = { ...Product, name: text.optional(), ...undone("default_price") }

const Price = {
  ...optional({ active: flag, lookup_key: text, nickname: text }),
  tax_behavior: z.enum(["exclusive", "inclusive", "unspecified"]).optional(),
  ...undone("currency_options"),
}
const ProductData = { name: text, ...undone("active id metadata unit_label tax_code statement_descriptor") }
const CreatePrice = {
  ...Price,
  currency: text,
  metadata: newMetadata,
  ...optional({ product: text, product_data: z.strictObject(ProductData), transfer_lookup_key: flag }),
  unit_amount: integer,
  recurring: z
    .strictObject({
      interval: z.enum(["day", "week", "month", "year"]),
      interval_count: integer.optional(),
      usage_type: only("licensed"),
      ...undone("meter trial_period_days"),
    })
    .optional(),
  billing_scheme: only("per_unit"),
  ...undone("custom_unit_amount tiers tiers_mode transform_quantity unit_amount_decimal"),
}
const ListProducts = { active: flag, ids: z.array(text), created: range, ...undone("shippable url") }
const ListPrices = {
  active: flag,
  currency: text,
  product: text,
  type: text,
  created: range,
  lookup_keys: z.array(text).max(10),
  ...undone("recurring"),
}

export const catalogRoutes: Route[] = [
  route("POST", "/v1/products", CreateProduct, ({ account, params }) =>
    account.create("product", productObject(account, params), "product.created"),
  ),
  ...listAndRetrieve("/v1/products", "product", ListProducts, {
    tests: { ids: ({ id }, ids) => ids.includes(id) },
  }),
  update("/v1/products", "product", UpdateProduct, "product.updated"),
  route("POST", "/v1/prices", CreatePrice, createPrice),
  ...listAndRetrieve("/v1/prices", "price", ListPrices, {
    tests: { lookup_keys: ({ lookup_key }, keys) => keys.includes(lookup_key ?? "") },
  }),
  update("/v1/prices", "price", { ...Price, ...undone("transfer_lookup_key") }, "price.updated"),
]

function createPrice({ account, params }: Call<typeof CreatePrice>) {
  const { product_data: data, transfer_lookup_key: isTransferred, ...fields } = params
  const key = fields.lookup_key
  const taken = key && account.store.all("price").find((price) => price.lookup_key === key)
  if (taken && !isTransferred) {
    throw invalid(`A price (\`${taken.id}\`) already uses that lookup key.`, "lookup_key")
  }
  if (taken) taken.lookup_key = null
  const product = data
    ? account.store.add("product", productObject(account, { name: data.name }))
    : account.store.lookUp("product", params.product ?? "", "product")
  return account.create("price", priceObject(account, { ...fields, product: product.id }), "price.created")
}
