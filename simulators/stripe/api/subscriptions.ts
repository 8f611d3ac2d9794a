import type Stripe from "stripe"
import { z } from "zod"
import type { Account } from "../model/account.ts"
import { cancelNow, detailsOf, scheduleCancellation } from "../model/cancel.ts"
import { attachCard } from "../model/cards.ts"
import { change } from "../model/change.ts"
import { invalid, noSuch } from "../model/refusals.ts"
import { subscribe } from "../model/subscribe.ts"
import { isOver } from "../model/subscriptions.ts"
import { defined } from "../objects/fields.ts"
import {
  flag,
  integer,
  metadata,
  newMetadata,
  notDone,
  only,
  optional,
  patchOf,
  range,
  text,
  undone,
} from "./params.ts"
import { lookUpCard } from "./payment-methods.ts"
import { automaticTax, discounts, lookUpPromotion, trialDays } from "./pricing.ts"
import { type Call, listAndRetrieve, type Route, route } from "./route.ts"

const Common = {
  ...optional({ cancel_at_period_end: flag, default_payment_method: text, description: text }),
  collection_method: only("charge_automatically"),
  ...undone(`add_invoice_items application_fee_percent billing_schedules billing_thresholds
    billing_cycle_anchor days_until_due default_source default_tax_rates
    invoice_settings off_session on_behalf_of payment_settings pending_invoice_item_interval
    proration_behavior transfer_data trial_from_plan trial_settings`),
}
const Item = { price: text, quantity: integer.optional(), ...undone("metadata tax_rates") }
const Create = {
  ...Common,
  customer: text,
  metadata: newMetadata,
  items: z.array(z.strictObject(Item)).min(1).max(1, "the simulator takes one item"),
  payment_behavior: z.enum(["allow_incomplete", "default_incomplete", "error_if_incomplete"]).optional(),
  cancel_at: integer.optional(),
  automatic_tax: automaticTax,
  discounts: discounts.optional(),
  trial_period_days: trialDays,
  ...undone(
    "backdate_start_date billing_cycle_anchor_config billing_mode currency customer_account trial_end",
  ),
}
const Details = z
  .strictObject({ ...optional({ comment: text, feedback: text }), ...undone("feedback_option") })
  .optional()
const Update = {
  ...Common,
  cancel_at: z.union([z.literal("").transform(() => null), integer]).optional(),
  cancellation_details: Details,
  ...optional({ metadata, trial_end: text }),
  ...undone("automatic_tax discounts items pause_collection payment_behavior proration_date"),
}
const Cancel = { cancellation_details: Details, invoice_now: only("false"), prorate: only("false") }
const STATUSES = ["active", "canceled", "incomplete", "incomplete_expired", "past_due", "paused", "trialing"]
const List = {
  customer: text,
  price: text,
  status: z.enum([...STATUSES, "unpaid", "all", "ended"]),
  created: range,
  ...undone("automatic_tax collection_method current_period_end current_period_start test_clock"),
}
const PATH = "/v1/subscriptions"

export const subscriptionRoutes: Route[] = [
  route("POST", PATH, Create, create),
  ...listAndRetrieve(PATH, "subscription", List, {
    tests: { price: ({ items }, id) => items.data.some(({ price }) => price.id === id), status: hasStatus },
    defaults: { status: "not_canceled" },
    known: ["customer"],
  }),
  route("POST", `${PATH}/:id`, Update, update),
  route("DELETE", `${PATH}/:id`, Cancel, ({ account, id, params }) => {
    const subscription = account.store.lookUp("subscription", id)
    if (isOver(subscription)) throw noSuch("subscription", id)
    noteDetails(subscription, params.cancellation_details)
    return cancelNow(account, subscription)
  }),
]

function hasStatus(subscription: Stripe.Subscription, status: string): boolean {
  if (status === "all") return true
  if (status === "not_canceled") return subscription.status !== "canceled"
  return status === "ended" ? isOver(subscription) : subscription.status === status
}

function create({ account, params }: Call<typeof Create>) {
  const customer = account.store.lookUp("customer", params.customer, "customer")
  const [item] = params.items
  const price = account.store.lookUp("price", item?.price ?? "", "items[0][price]")
  const isTaxed = params.automatic_tax?.enabled === true
  if (isTaxed && !customer.address) {
    throw invalid("The customer's location isn't recognized.", undefined, "customer_tax_location_invalid")
  }
  const promotion = params.discounts ? lookUpPromotion(account, params.discounts, "discounts[0]") : null
  const method = cardIn(account, params)
  if (method && method.customer === null) attachCard(account, method, customer)
  const subscription = subscribe(account, {
    customer,
    price,
    quantity: item?.quantity,
    paymentMethod: method ? method.id : null,
    metadata: params.metadata,
    description: params.description,
    behavior: params.payment_behavior,
    ...{ trialDays: params.trial_period_days, promotion, isTaxed },
  })
  schedule(account, subscription, params)
  return subscription
}

function update({ account, id, params }: Call<typeof Update>) {
  const subscription = account.store.lookUp("subscription", id)
  // Without a trial, one that ends now is none.
  const isNoTrial = params.trial_end === "now" && subscription.status !== "trialing"
  if (params.trial_end !== undefined && !isNoTrial) throw notDone("trial_end")
  noteDetails(subscription, params.cancellation_details)
  schedule(account, subscription, params)
  const method = cardIn(account, params)
  return change(account, "customer.subscription.updated", subscription, {
    ...patchOf(subscription, { description: params.description, metadata: params.metadata }),
    ...(method && { default_payment_method: method.id }),
  })
}

function cardIn(account: Account, { default_payment_method: id }: { default_payment_method?: string }) {
  return id ? lookUpCard(account, id, "default_payment_method") : undefined
}

function schedule(
  account: Account,
  subscription: Stripe.Subscription,
  { cancel_at, cancel_at_period_end }: { cancel_at?: number | null; cancel_at_period_end?: boolean },
) {
  if (cancel_at !== undefined && cancel_at_period_end) {
    const message = "You may only specify one of these parameters: cancel_at, cancel_at_period_end."
    throw invalid(message, "cancel_at")
  }
  const at = cancel_at_period_end ? "period_end" : cancel_at
  if (at !== undefined) return scheduleCancellation(account, subscription, { at })
  if (cancel_at_period_end === false) scheduleCancellation(account, subscription, { at: null })
}

function noteDetails(
  subscription: Stripe.Subscription,
  details: { comment?: string; feedback?: string } = {},
) {
  Object.assign(detailsOf(subscription), defined(details))
}
