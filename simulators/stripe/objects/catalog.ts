import type Stripe from "stripe"
import type { Account } from "../model/account.ts"
import { newId } from "../model/ids.ts"
import { base, decimal, defined, nulls } from "./fields.ts"

type NewProduct = Partial<Stripe.Product> & Pick<Stripe.Product, "name">

/** A product without prices. */
export function productObject(account: Account, fields: NewProduct): Stripe.Product {
  return {
    ...base(account, "product", newId("prod", 14)),
    active: true,
    images: [],
    marketing_features: [],
    metadata: {},
    type: "service",
    updated: account.now(),
    ...nulls("default_price description package_dimensions shippable statement_descriptor tax_code"),
    ...nulls("tax_details unit_label url"),
    ...defined(fields),
  }
}

type NewPrice = Partial<Omit<Stripe.Price, "recurring">> & {
  product: string
  currency: string
  unit_amount: number
  recurring?: Pick<Stripe.Price.Recurring, "interval"> & Partial<Stripe.Price.Recurring>
}

/** A price. Amounts are in cents. */
export function priceObject(account: Account, { recurring, ...fields }: NewPrice): Stripe.Price {
  const defaults = { interval_count: 1, usage_type: "licensed", ...nulls("meter trial_period_days") } as const
  return {
    ...base(account, "price", newId("price")),
    active: true,
    billing_scheme: "per_unit",
    metadata: {},
    recurring: recurring ? { ...defaults, ...defined(recurring) } : null,
    tax_behavior: "unspecified",
    type: recurring ? "recurring" : "one_time",
    unit_amount_decimal: decimal(fields.unit_amount),
    ...nulls("custom_unit_amount lookup_key nickname tiers_mode transform_quantity"),
    ...defined(fields),
  }
}

/** The old form of a recurring price, which subscriptions still carry. */
export function planObject(price: Stripe.Price): Stripe.Plan {
  const { id, active, created, currency, livemode, metadata, nickname, product } = price
  const common = { id, active, created, currency, livemode, metadata, nickname, product }
  return {
    ...common,
    object: "plan",
    amount: price.unit_amount,
    amount_decimal: price.unit_amount_decimal,
    billing_scheme: "per_unit",
    interval: price.recurring?.interval ?? "month",
    interval_count: price.recurring?.interval_count ?? 1,
    usage_type: "licensed",
    ...nulls("meter tiers_mode transform_usage trial_period_days"),
  }
}
