import type Stripe from "stripe"
import type { Account } from "../model/account.ts"
import { newId } from "../model/ids.ts"
import { base, decimal, nulls } from "./fields.ts"

export type NewProduct = {
  id?: string
  name: string
  active?: boolean
  description?: string
  metadata?: Stripe.Metadata
}

/** A product without prices. */
export function productObject(account: Account, fields: NewProduct): Stripe.Product {
  return {
    ...base(account, "product", fields.id ?? newId("prod", 14)),
    active: fields.active ?? true,
    description: fields.description ?? null,
    images: [],
    marketing_features: [],
    metadata: fields.metadata ?? {},
    name: fields.name,
    type: "service",
    updated: account.now(),
    ...nulls("default_price package_dimensions shippable statement_descriptor tax_code tax_details"),
    ...nulls("unit_label url"),
  }
}

export type NewPrice = {
  id?: string
  product: string
  currency: string
  unitAmount: number
  interval?: Stripe.Price.Recurring.Interval
  intervalCount?: number
  active?: boolean
  lookupKey?: string
  nickname?: string
  metadata?: Stripe.Metadata
}

/** A price; one that recurs if it has an interval. Amounts are in cents. */
export function priceObject(account: Account, fields: NewPrice): Stripe.Price {
  return {
    ...base(account, "price", fields.id ?? newId("price")),
    active: fields.active ?? true,
    billing_scheme: "per_unit",
    currency: fields.currency,
    lookup_key: fields.lookupKey ?? null,
    metadata: fields.metadata ?? {},
    nickname: fields.nickname ?? null,
    product: fields.product,
    recurring: fields.interval ? recurring(fields.interval, fields.intervalCount ?? 1) : null,
    tax_behavior: "unspecified",
    type: fields.interval ? "recurring" : "one_time",
    unit_amount: fields.unitAmount,
    unit_amount_decimal: decimal(fields.unitAmount),
    ...nulls("custom_unit_amount tiers_mode transform_quantity"),
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

function recurring(interval: Stripe.Price.Recurring.Interval, intervalCount: number): Stripe.Price.Recurring {
  return {
    interval,
    interval_count: intervalCount,
    meter: null,
    trial_period_days: null,
    usage_type: "licensed",
  }
}
