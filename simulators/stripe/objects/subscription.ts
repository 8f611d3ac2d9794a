import type Stripe from "stripe"
import type { Account } from "../model/account.ts"
import { newId } from "../model/ids.ts"
import { planObject } from "./catalog.ts"
import { listOf } from "./lists.ts"

export type Period = { start: number; end: number }

export type NewSubscription = {
  customer: string
  price: Stripe.Price
  quantity: number
  period: Period
  paymentMethod: string | null
  metadata: Stripe.Metadata
  description?: string
}

/** A subscription whose first invoice isn't paid yet. */
export function subscriptionObject(account: Account, fields: NewSubscription): Stripe.Subscription {
  const id = newId("sub")
  const now = account.now()
  const plan = planObject(fields.price)
  // Still sent, though the SDK no longer speaks of them.
  const legacy = { plan, quantity: fields.quantity }
  return {
    id,
    object: "subscription",
    application: null,
    application_fee_percent: null,
    automatic_tax: { disabled_reason: null, enabled: false, liability: null },
    billing_cycle_anchor: fields.period.start,
    billing_cycle_anchor_config: null,
    billing_mode: {
      flexible: { proration_discounts: "included" },
      type: "flexible",
      updated_at: now,
    },
    billing_schedules: [],
    billing_thresholds: null,
    cancel_at: null,
    cancel_at_period_end: false,
    canceled_at: null,
    cancellation_details: { comment: null, feedback: null, feedback_option: null, reason: null },
    collection_method: "charge_automatically",
    created: now,
    currency: fields.price.currency,
    customer: fields.customer,
    customer_account: null,
    days_until_due: null,
    default_payment_method: fields.paymentMethod,
    default_source: null,
    default_tax_rates: [],
    description: fields.description ?? null,
    discounts: [],
    ended_at: null,
    invoice_settings: {
      account_tax_ids: null,
      custom_fields: null,
      description: null,
      footer: null,
      issuer: { type: "self" },
    },
    items: itemsOf(id, now, plan, fields),
    latest_invoice: null,
    livemode: account.settings.livemode,
    managed_payments: null,
    metadata: fields.metadata,
    next_pending_invoice_item_invoice: null,
    on_behalf_of: null,
    pause_collection: null,
    payment_settings: {
      payment_method_options: null,
      payment_method_types: null,
      save_default_payment_method: "off",
    },
    pending_invoice_item_interval: null,
    pending_setup_intent: null,
    pending_update: null,
    ...legacy,
    schedule: null,
    start_date: now,
    status: "incomplete",
    test_clock: null,
    transfer_data: null,
    trial_end: null,
    trial_settings: {
      end_behavior: { billing_cycle_anchor: null, missing_payment_method: "create_invoice" },
    },
    trial_start: null,
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
