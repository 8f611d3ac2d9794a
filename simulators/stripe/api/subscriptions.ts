import type Stripe from "stripe"
import { z } from "zod"
import type { Account } from "../model/account.ts"
import { cancelNow, isOver, type Schedule, scheduleCancellation } from "../model/cancel.ts"
import { attachCard } from "../model/cards.ts"
import { change } from "../model/change.ts"
import { customerOf } from "../model/customers.ts"
import { invalid, noSuch } from "../model/refusals.ts"
import { subscribe } from "../model/subscribe.ts"
import { priceOf } from "./catalog.ts"
import { page, refuseUnknown } from "./list.ts"
import { flag, ignored, inRange, integer, mergedMetadata, metadata, paging, range, text } from "./params.ts"
import { paymentMethodOf } from "./payment-methods.ts"
import { type Call, type Row, row } from "./row.ts"

const Common = {
  cancel_at_period_end: flag.optional(),
  default_payment_method: text.optional(),
  description: text.optional(),
  metadata: metadata.optional(),
  ...ignored("add_invoice_items", "application_fee_percent", "automatic_tax", "billing_schedules"),
  ...ignored("billing_thresholds", "billing_cycle_anchor", "collection_method", "days_until_due"),
  ...ignored("default_source", "default_tax_rates", "discounts", "invoice_settings", "off_session"),
  ...ignored("on_behalf_of", "payment_settings", "pending_invoice_item_interval", "proration_behavior"),
  ...ignored("transfer_data", "trial_end", "trial_from_plan", "trial_settings"),
}
const Create = z.strictObject({
  ...Common,
  customer: text,
  items: z
    .array(z.strictObject({ price: text, quantity: integer.optional(), ...ignored("metadata", "tax_rates") }))
    .min(1)
    .max(1, "the simulator takes one item"),
  payment_behavior: z.enum(["allow_incomplete", "default_incomplete", "error_if_incomplete"]).optional(),
  cancel_at: integer.optional(),
  ...ignored(
    "backdate_start_date",
    "billing_cycle_anchor_config",
    "billing_mode",
    "currency",
    "trial_period_days",
  ),
})
const Update = z.strictObject({
  ...Common,
  cancel_at: z.union([z.literal("").transform(() => null), integer]).optional(),
  cancellation_details: z
    .strictObject({ comment: text.optional(), feedback: text.optional(), ...ignored("feedback_option") })
    .optional(),
  ...ignored("items", "pause_collection", "payment_behavior", "proration_date"),
})
const Cancel = z.strictObject({
  cancellation_details: z
    .strictObject({ comment: text.optional(), feedback: text.optional(), ...ignored("feedback_option") })
    .optional(),
  ...ignored("invoice_now", "prorate"),
})
const List = z.strictObject({
  ...paging,
  customer: text.optional(),
  price: text.optional(),
  status: z
    .enum([
      "active",
      "all",
      "canceled",
      "ended",
      "incomplete",
      "incomplete_expired",
      "past_due",
      "paused",
      "trialing",
      "unpaid",
    ])
    .optional(),
  created: range.optional(),
  ...ignored(
    "automatic_tax",
    "collection_method",
    "current_period_end",
    "current_period_start",
    "test_clock",
  ),
})
const PATH = "/v1/subscriptions"

export const subscriptionRows: Row[] = [
  row("POST", PATH, Create, create),
  row("GET", PATH, List, list),
  row("GET", `${PATH}/:id`, z.strictObject({}), ({ account, id }) => subscriptionOfId(account, id)),
  row("POST", `${PATH}/:id`, Update, update),
  row("DELETE", `${PATH}/:id`, Cancel, ({ account, id, params }) => {
    const subscription = subscriptionOfId(account, id)
    if (isOver(subscription)) throw noSuch("subscription", id)
    noteDetails(subscription, params.cancellation_details)
    cancelNow(account, subscription)
    return subscription
  }),
]

/** A subscription that exists. Refuses otherwise, naming `param`. */
export function subscriptionOfId(account: Account, id: string, param?: string): Stripe.Subscription {
  const subscription = account.store.get("subscription", id)
  if (!subscription) throw noSuch("subscription", id, param)
  return subscription
}

function create({ account, params }: Call<z.output<typeof Create>>) {
  const customer = customerOf(account, params.customer, "customer")
  const [item] = params.items
  const price = priceOf(account, item?.price ?? "", "items[0][price]")
  const method =
    params.default_payment_method &&
    paymentMethodOf(account, params.default_payment_method, "default_payment_method")
  if (method && method.customer === null) attachCard(account, method, customer)
  const subscription = subscribe(account, {
    customer,
    price,
    quantity: item?.quantity,
    paymentMethod: method ? method.id : null,
    metadata: mergedMetadata({}, params.metadata),
    description: params.description,
    behavior: params.payment_behavior,
  })
  const schedule = scheduleOf(params)
  if (schedule) scheduleCancellation(account, subscription, schedule)
  return subscription
}

function list({ account, params }: Call<z.output<typeof List>>) {
  const { customer, price, status, created, ...paging } = params
  refuseUnknown(account, { customer })
  const found = account.store
    .all("subscription")
    .filter((each) => !customer || each.customer === customer)
    .filter((each) => !price || each.items.data.some((item) => item.price.id === price))
    .filter((each) => hasStatus(each, status) && inRange(each.created, created))
  return page(PATH, found, paging)
}

/** Without a status, all that aren't canceled. */
function hasStatus(subscription: Stripe.Subscription, status?: string): boolean {
  if (status === "all") return true
  if (status === undefined) return subscription.status !== "canceled"
  return status === "ended" ? isOver(subscription) : subscription.status === status
}

function update({ account, id, params }: Call<z.output<typeof Update>>) {
  const subscription = subscriptionOfId(account, id)
  if (params.items !== undefined) throw invalid("The simulator can't change a subscription's items.", "items")
  noteDetails(subscription, params.cancellation_details)
  const schedule = scheduleOf(params)
  if (schedule) scheduleCancellation(account, subscription, schedule)
  const method =
    params.default_payment_method &&
    paymentMethodOf(account, params.default_payment_method, "default_payment_method")
  change(account, "customer.subscription.updated", subscription, {
    metadata: mergedMetadata(subscription.metadata, params.metadata),
    ...(method && { default_payment_method: method.id }),
    ...(params.description !== undefined && { description: params.description }),
  })
  return subscription
}

function scheduleOf({
  cancel_at,
  cancel_at_period_end,
}: {
  cancel_at?: number | null
  cancel_at_period_end?: boolean
}): Schedule | null {
  if (cancel_at !== undefined && cancel_at_period_end) {
    throw invalid(
      "You may only specify one of these parameters: cancel_at, cancel_at_period_end.",
      "cancel_at",
    )
  }
  if (typeof cancel_at === "number") return { kind: "at", at: cancel_at }
  if (cancel_at_period_end) return { kind: "at_period_end" }
  return cancel_at === null || cancel_at_period_end === false ? { kind: "never" } : null
}

function noteDetails(subscription: Stripe.Subscription, details?: { comment?: string; feedback?: string }) {
  if (!details || !subscription.cancellation_details) return
  const { comment, feedback } = details
  Object.assign(subscription.cancellation_details, {
    ...(comment && { comment }),
    ...(feedback && { feedback }),
  })
}
