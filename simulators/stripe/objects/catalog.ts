import type Stripe from "stripe"
import type { Account } from "../model/account.ts"
import { newId } from "../model/ids.ts"
import { decimal } from "./lists.ts"

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
    id: fields.id ?? newId("prod", 14),
    object: "product",
    active: fields.active ?? true,
    created: account.now(),
    default_price: null,
    description: fields.description ?? null,
    images: [],
    livemode: account.settings.livemode,
    marketing_features: [],
    metadata: fields.metadata ?? {},
    name: fields.name,
    package_dimensions: null,
    shippable: null,
    statement_descriptor: null,
    tax_code: null,
    tax_details: null,
    type: "service",
    unit_label: null,
    updated: account.now(),
    url: null,
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
    id: fields.id ?? newId("price"),
    object: "price",
    active: fields.active ?? true,
    billing_scheme: "per_unit",
    created: account.now(),
    currency: fields.currency,
    custom_unit_amount: null,
    livemode: account.settings.livemode,
    lookup_key: fields.lookupKey ?? null,
    metadata: fields.metadata ?? {},
    nickname: fields.nickname ?? null,
    product: fields.product,
    recurring: fields.interval ? recurring(fields.interval, fields.intervalCount ?? 1) : null,
    tax_behavior: "unspecified",
    tiers_mode: null,
    transform_quantity: null,
    type: fields.interval ? "recurring" : "one_time",
    unit_amount: fields.unitAmount,
    unit_amount_decimal: decimal(fields.unitAmount),
  }
}

/** The old form of a recurring price, which subscriptions still carry. */
export function planObject(price: Stripe.Price): Stripe.Plan {
  return {
    id: price.id,
    object: "plan",
    active: price.active,
    amount: price.unit_amount,
    amount_decimal: price.unit_amount_decimal,
    billing_scheme: "per_unit",
    created: price.created,
    currency: price.currency,
    interval: price.recurring?.interval ?? "month",
    interval_count: price.recurring?.interval_count ?? 1,
    livemode: price.livemode,
    metadata: price.metadata,
    meter: null,
    nickname: price.nickname,
    product: price.product,
    tiers_mode: null,
    transform_usage: null,
    trial_period_days: null,
    usage_type: "licensed",
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
