import { z } from "zod"
import type { Account } from "../model/account.ts"
import { change } from "../model/change.ts"
import { invalid, noSuch } from "../model/refusals.ts"
import { priceObject, productObject } from "../objects/catalog.ts"
import { page } from "./list.ts"
import { flag, ignored, inRange, integer, mergedMetadata, metadata, paging, range, text } from "./params.ts"
import { type Call, type Row, row } from "./row.ts"

const Product = {
  active: flag.optional(),
  description: text.optional(),
  metadata: metadata.optional(),
  ...ignored("images", "marketing_features", "package_dimensions", "shippable", "statement_descriptor"),
  ...ignored("tax_code", "tax_details", "unit_label", "url"),
}
const CreateProduct = z.strictObject({
  ...Product,
  name: text,
  id: text.optional(),
  ...ignored("default_price_data", "type"),
})
const UpdateProduct = z.strictObject({ ...Product, name: text.optional(), ...ignored("default_price") })

const Price = {
  active: flag.optional(),
  lookup_key: text.optional(),
  nickname: text.optional(),
  metadata: metadata.optional(),
  ...ignored("tax_behavior", "currency_options"),
}
const CreatePrice = z.strictObject({
  ...Price,
  currency: text,
  product: text.optional(),
  product_data: z
    .strictObject({
      name: text,
      metadata: metadata.optional(),
      ...ignored("active", "id", "unit_label", "tax_code", "statement_descriptor"),
    })
    .optional(),
  unit_amount: integer,
  recurring: z
    .strictObject({
      interval: z.enum(["day", "week", "month", "year"]),
      interval_count: integer.optional(),
      ...ignored("usage_type", "meter", "trial_period_days"),
    })
    .optional(),
  transfer_lookup_key: flag.optional(),
  ...ignored(
    "billing_scheme",
    "custom_unit_amount",
    "tiers",
    "tiers_mode",
    "transform_quantity",
    "unit_amount_decimal",
  ),
})
const UpdatePrice = z.strictObject({ ...Price, transfer_lookup_key: flag.optional() })
const ListPrices = z.strictObject({
  ...paging,
  active: flag.optional(),
  currency: text.optional(),
  product: text.optional(),
  lookup_keys: z.array(text).max(10).optional(),
  type: text.optional(),
  created: range.optional(),
  ...ignored("recurring"),
})
const ListProducts = z.strictObject({
  ...paging,
  active: flag.optional(),
  ids: z.array(text).optional(),
  created: range.optional(),
  ...ignored("shippable", "url"),
})

export const catalogRows: Row[] = [
  row("POST", "/v1/products", CreateProduct, ({ account, params: { metadata, ...fields } }) => {
    const product = productObject(account, { ...fields, metadata: mergedMetadata({}, metadata) })
    account.emit("product.created", account.store.add("product", product))
    return product
  }),
  row("GET", "/v1/products", ListProducts, ({ account, params: { active, ids, created, ...paging } }) =>
    page(
      "/v1/products",
      account.store
        .all("product")
        .filter((each) => active === undefined || each.active === active)
        .filter((each) => (!ids || ids.includes(each.id)) && inRange(each.created, created)),
      paging,
    ),
  ),
  row("GET", "/v1/products/:id", z.strictObject({}), ({ account, id }) => productOf(account, id)),
  row(
    "POST",
    "/v1/products/:id",
    UpdateProduct,
    ({ account, id, params: { metadata, active, name, description } }) => {
      const product = productOf(account, id)
      change(account, "product.updated", product, {
        ...(active !== undefined && { active }),
        ...(name !== undefined && { name }),
        ...(description !== undefined && { description }),
        metadata: mergedMetadata(product.metadata, metadata),
      })
      return product
    },
  ),
  row("POST", "/v1/prices", CreatePrice, createPrice),
  row("GET", "/v1/prices", ListPrices, listPrices),
  row("GET", "/v1/prices/:id", z.strictObject({}), ({ account, id }) => priceOf(account, id)),
  row("POST", "/v1/prices/:id", UpdatePrice, ({ account, id, params }) => {
    const price = priceOf(account, id)
    const { active, nickname, lookup_key } = params
    change(account, "price.updated", price, {
      ...(active !== undefined && { active }),
      ...(nickname !== undefined && { nickname }),
      ...(lookup_key !== undefined && { lookup_key }),
      metadata: mergedMetadata(price.metadata, params.metadata),
    })
    return price
  }),
]

/** A price that exists. Refuses otherwise, naming `param`. */
export function priceOf(account: Account, id: string, param?: string) {
  const price = account.store.get("price", id)
  if (!price) throw noSuch("price", id, param)
  return price
}

function productOf(account: Account, id: string, param?: string) {
  const product = account.store.get("product", id)
  if (!product) throw noSuch("product", id, param)
  return product
}

function createPrice({ account, params }: Call<z.output<typeof CreatePrice>>) {
  const { lookup_key: lookupKey, product_data: data } = params
  const taken = lookupKey && account.store.all("price").find((price) => price.lookup_key === lookupKey)
  if (taken && !params.transfer_lookup_key) {
    throw invalid(`A price (\`${taken.id}\`) already uses that lookup key.`, "lookup_key")
  }
  if (taken) taken.lookup_key = null
  const product = data
    ? account.store.add("product", productObject(account, { name: data.name }))
    : productOf(account, params.product ?? "", "product")
  const price = priceObject(account, {
    product: product.id,
    currency: params.currency,
    unitAmount: params.unit_amount,
    interval: params.recurring?.interval,
    intervalCount: params.recurring?.interval_count,
    active: params.active,
    lookupKey,
    nickname: params.nickname,
    metadata: mergedMetadata({}, params.metadata),
  })
  account.emit("price.created", account.store.add("price", price))
  return price
}

function listPrices({ account, params }: Call<z.output<typeof ListPrices>>) {
  const { active, currency, product, lookup_keys: keys, type, created, recurring: _, ...paging } = params
  const found = account.store
    .all("price")
    .filter((each) => active === undefined || each.active === active)
    .filter((each) => (!currency || each.currency === currency) && (!type || each.type === type))
    .filter((each) => !product || each.product === product)
    .filter((each) => !keys || keys.includes(each.lookup_key ?? ""))
    .filter((each) => inRange(each.created, created))
  return page("/v1/prices", found, paging)
}
