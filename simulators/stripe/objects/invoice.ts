import type Stripe from "stripe"
import type { Account } from "../model/account.ts"
import { newId } from "../model/ids.ts"
import { itemOf } from "../model/subscriptions.ts"
import type { Tax } from "../model/taxes.ts"
import { base, decimal, listOf, nulls } from "./fields.ts"
import type { Period } from "./subscription.ts"

export type Draft = {
  reason: "subscription_create" | "subscription_cycle" | "subscription_update"
  /** What the money is for. */
  lines: NewLine[]
  /** What the invoice says it covers: on renewal the period before. */
  covered: Period
}

export type NewLine = {
  price: Stripe.Price
  quantity: number
  /** Cents; negative: a credit. */
  amount: number
  period: Period
  /** What comes before the product's name in place of the quantity: `Unused time on`. */
  about?: string
}

/** What is taken off an invoice and added to it. */
export type Pricing = { discount: { id: string; amount: number } | null; tax: Tax | null }

type NewInvoice = Draft &
  Pricing & {
    subscription: Stripe.Subscription
    customer: Stripe.Customer
    product: Stripe.Product
  }

const SELF = { type: "self" } as const

/** A draft of a subscription's invoice. */
export function invoiceObject(account: Account, fields: NewInvoice): Stripe.Invoice {
  const { subscription, customer, reason, covered, discount, tax } = fields
  const id = newId("in")
  const lines = fields.lines.map((line) => lineOf(id, line, fields))
  const subtotal = lines.reduce((sum, { amount }) => sum + amount, 0)
  const inside = tax?.behavior === "inclusive" ? tax.amount : 0
  const untaxed = subtotal - (discount?.amount ?? 0) - inside
  const total = untaxed + (tax?.amount ?? 0)
  const due = Math.max(0, total)
  return {
    ...base(account, "invoice", id),
    account_country: "US",
    account_name: "Simulated account",
    amount_due: due,
    amount_overpaid: 0,
    amount_paid: 0,
    amount_remaining: due,
    amount_shipping: 0,
    attempt_count: 0,
    attempted: false,
    auto_advance: true,
    automatic_tax: tax
      ? { disabled_reason: null, enabled: true, liability: SELF, provider: "stripe", status: "complete" }
      : { disabled_reason: null, enabled: false, liability: null, provider: null, status: null },
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
    discounts: discount ? [discount.id] : [],
    issuer: SELF,
    lines: listOf(`/v1/invoices/${id}/lines`, lines, { totalCount: lines.length }),
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
    subtotal,
    subtotal_excluding_tax: subtotal - inside,
    total,
    total_discount_amounts: discount ? [{ amount: discount.amount, discount: discount.id }] : [],
    total_excluding_tax: untaxed,
    total_pretax_credit_amounts: [],
    total_taxes: tax ? [taxOf(tax)] : [],
    ...nulls("account_tax_ids application automatically_finalizes_at custom_fields customer_account"),
    ...nulls("customer_address customer_shipping default_payment_method default_source description due_date"),
    ...nulls("effective_at ending_balance footer from_invoice hosted_invoice_url invoice_pdf"),
    ...nulls("last_finalization_error latest_revision next_payment_attempt number on_behalf_of"),
    ...nulls("receipt_number rendering shipping_cost shipping_details statement_descriptor test_clock"),
    ...nulls("webhooks_delivered_at"),
  }
}

function lineOf(
  invoice: string,
  line: NewLine,
  { subscription, product, discount, tax }: NewInvoice,
): Stripe.InvoiceLineItem {
  const { price, quantity, amount, period, about } = line
  const unitAmount = price.unit_amount ?? 0
  const each = `$${(unitAmount / 100).toFixed(2)} / ${price.recurring?.interval ?? "month"}`
  return {
    id: newId("il"),
    object: "line_item",
    amount,
    currency: price.currency,
    description: `${about ?? `${quantity} ×`} ${product.name} (at ${each})`,
    discount_amounts: discount && amount > 0 ? [{ amount: discount.amount, discount: discount.id }] : [],
    discountable: about === undefined,
    discounts: discount && amount > 0 ? [discount.id] : [],
    invoice,
    livemode: price.livemode,
    metadata: subscription.metadata,
    parent: {
      invoice_item_details: null,
      subscription_item_details: {
        invoice_item: null,
        proration: about !== undefined,
        proration_details: { credited_items: null },
        subscription: subscription.id,
        subscription_item: itemOf(subscription).id,
      },
      type: "subscription_item_details",
    },
    period: { end: period.end, start: period.start },
    pretax_credit_amounts: [],
    pricing: {
      price_details: { price: price.id, product: product.id },
      type: "price_details",
      unit_amount_decimal: decimal(amount === 0 ? 0 : unitAmount),
    },
    quantity,
    quantity_decimal: decimal(quantity),
    subscription: subscription.id,
    subtotal: amount,
    taxes: tax && amount > 0 ? [taxOf(tax)] : [],
  }
}

function taxOf({ amount, behavior, rate, taxable }: Tax) {
  return {
    amount,
    tax_behavior: behavior,
    tax_rate_details: { tax_rate: rate },
    taxability_reason: amount === 0 ? ("not_collecting" as const) : ("standard_rated" as const),
    taxable_amount: taxable,
    type: "tax_rate_details" as const,
  }
}
