import type Stripe from "stripe"
import type { Account } from "../model/account.ts"
import { newId } from "../model/ids.ts"
import { planObject } from "./catalog.ts"
import { base, defined, listOf, nulls } from "./fields.ts"

export type Period = { start: number; end: number }

type Fields = "customer" | "default_payment_method" | "metadata"
export type NewSubscription = Pick<Stripe.Subscription, Fields> & {
  price: Stripe.Price
  quantity: number
  period: Period
  description?: string
} & Partial<Pick<Stripe.Subscription, "automatic_tax" | "billing_cycle_anchor" | "trial_end" | "trial_start">>

/** A subscription whose first invoice isn't paid yet. */
export function subscriptionObject(account: Account, fields: NewSubscription): Stripe.Subscription {
  const id = newId("sub")
  const now = account.now()
  const { price, quantity, period, ...own } = fields
  const plan = planObject(price)
  // Still sent, though the SDK no longer speaks of them.
  const legacy = { plan, quantity }
  return {
    ...base(account, "subscription", id),
    automatic_tax: { disabled_reason: null, enabled: false, liability: null },
    billing_cycle_anchor: period.start,
    billing_mode: { flexible: { proration_discounts: "included" }, type: "flexible", updated_at: now },
    billing_schedules: [],
    cancel_at_period_end: false,
    cancellation_details: { comment: null, feedback: null, feedback_option: null, reason: null },
    collection_method: "charge_automatically",
    currency: price.currency,
    default_tax_rates: [],
    discounts: [],
    invoice_settings: {
      ...nulls("account_tax_ids custom_fields description footer"),
      issuer: { type: "self" },
    },
    items: itemsOf(id, now, plan, fields),
    payment_settings: {
      ...nulls("payment_method_options payment_method_types"),
      save_default_payment_method: "off",
    },
    ...legacy,
    start_date: now,
    status: "incomplete",
    trial_settings: {
      end_behavior: { billing_cycle_anchor: null, missing_payment_method: "create_invoice" },
    },
    ...nulls("application application_fee_percent billing_cycle_anchor_config billing_thresholds cancel_at"),
    ...nulls("canceled_at customer_account days_until_due default_source ended_at latest_invoice"),
    ...nulls("managed_payments next_pending_invoice_item_invoice on_behalf_of pause_collection"),
    ...nulls("pending_invoice_item_interval pending_setup_intent pending_update schedule test_clock"),
    ...nulls("description transfer_data trial_end trial_start"),
    ...defined(own),
  }
}

function itemsOf(subscription: string, now: number, plan: Stripe.Plan, fields: NewSubscription) {
  const item: Stripe.SubscriptionItem = {
    id: newId("si", 14),
    object: "subscription_item",
    billing_thresholds: null,
    created: now,
    current_period_end: fields.period.end,
    current_period_start: fields.period.start,
    current_trial: null,
    discounts: [],
    metadata: {},
    plan,
    price: fields.price,
    quantity: fields.quantity,
    subscription,
    tax_rates: [],
  }
  const url = `/v1/subscription_items?subscription=${subscription}`
  return listOf(url, [item], { totalCount: 1 })
}
