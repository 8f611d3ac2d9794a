import type Stripe from "stripe"
import type { Account } from "../model/account.ts"
import { newId } from "../model/ids.ts"
import { itemOf } from "../model/subscriptions.ts"
import { base, decimal, listOf, nulls } from "./fields.ts"
import type { Period } from "./subscription.ts"

export type Draft = {
  reason: "subscription_create" | "subscription_cycle"
  /** What the money is for. */
  paid: Period
  /** What the invoice says it covers: on renewal the period before. */
  covered: Period
}

type NewInvoice = Draft & {
  subscription: Stripe.Subscription
  customer: Stripe.Customer
  product: Stripe.Product
}

/** A draft of a subscription's invoice for one period. */
export function invoiceObject(account: Account, fields: NewInvoice): Stripe.Invoice {
  const { subscription, customer, reason, covered } = fields
  const id = newId("in")
  const line = lineOf(id, fields)
  const total = line.amount
  return {
    ...base(account, "invoice", id),
    account_country: "US",
    account_name: "Simulated account",
    amount_due: total,
    amount_overpaid: 0,
    amount_paid: 0,
    amount_remaining: total,
    amount_shipping: 0,
    attempt_count: 0,
    attempted: false,
    auto_advance: true,
    automatic_tax: { disabled_reason: null, enabled: false, liability: null, provider: null, status: null },
    billing_reason: reason,
    collection_method: "charge_automatically",
    currency: subscription.currency,
    customer: customer.id,
    customer_email: customer.email,
    customer_name: customer.name ?? null,
    customer_phone: customer.phone ?? null,
    customer_tax_exempt: "none",
    customer_tax_ids: [],
    default_tax_rates: [],
    discounts: [],
    issuer: { type: "self" },
    lines: listOf(`/v1/invoices/${id}/lines`, [line], { totalCount: 1 }),
    metadata: {},
    parent: {
      quote_details: null,
      subscription_details: { metadata: subscription.metadata, subscription: subscription.id },
      type: "subscription_details",
    },
    payment_settings: { default_mandate: null, payment_method_options: null, payment_method_types: null },
    period_end: covered.end,
    period_start: covered.start,
    post_payment_credit_notes_amount: 0,
    pre_payment_credit_notes_amount: 0,
    starting_balance: 0,
    status: "draft",
    status_transitions: { finalized_at: null, marked_uncollectible_at: null, paid_at: null, voided_at: null },
    subtotal: total,
    subtotal_excluding_tax: total,
    total,
    total_discount_amounts: [],
    total_excluding_tax: total,
    total_pretax_credit_amounts: [],
    total_taxes: [],
    ...nulls("account_tax_ids application automatically_finalizes_at custom_fields customer_account"),
    ...nulls("customer_address customer_shipping default_payment_method default_source description due_date"),
    ...nulls("effective_at ending_balance footer from_invoice hosted_invoice_url invoice_pdf"),
    ...nulls("last_finalization_error latest_revision next_payment_attempt number on_behalf_of"),
    ...nulls("receipt_number rendering shipping_cost shipping_details statement_descriptor test_clock"),
    ...nulls("webhooks_delivered_at"),
  }
}

function lineOf(invoice: string, { subscription, product, paid }: NewInvoice): Stripe.InvoiceLineItem {
  const { id: subscription_item, price, quantity = 1 } = itemOf(subscription)
  const unitAmount = price.unit_amount ?? 0
  const each = `$${(unitAmount / 100).toFixed(2)} / ${price.recurring?.interval ?? "month"}`
  return {
    id: newId("il"),
    object: "line_item",
    amount: unitAmount * quantity,
    currency: price.currency,
    description: `${quantity} × ${product.name} (at ${each})`,
    discount_amounts: [],
    discountable: true,
    discounts: [],
    invoice,
    livemode: price.livemode,
    metadata: subscription.metadata,
    parent: {
      invoice_item_details: null,
      subscription_item_details: {
        invoice_item: null,
        proration: false,
        proration_details: { credited_items: null },
        subscription: subscription.id,
        subscription_item,
      },
      type: "subscription_item_details",
    },
    period: { end: paid.end, start: paid.start },
    pretax_credit_amounts: [],
    pricing: {
      price_details: { price: price.id, product: product.id },
      type: "price_details",
      unit_amount_decimal: decimal(unitAmount),
    },
    quantity,
    quantity_decimal: decimal(quantity),
    subscription: subscription.id,
    subtotal: unitAmount * quantity,
    taxes: [],
  }
}
