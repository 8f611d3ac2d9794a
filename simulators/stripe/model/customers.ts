import type Stripe from "stripe"
import { customerObject, type NewCustomer } from "../objects/customer.ts"
import type { Account } from "./account.ts"
import { cancelNow, isOver } from "./cancel.ts"
import { noSuch } from "./refusals.ts"

/** Adds a customer and tells it. */
export function createCustomer(account: Account, fields: NewCustomer): Stripe.Customer {
  const customer = account.store.add("customer", customerObject(account, fields))
  account.emit("customer.created", customer)
  return customer
}

/** A customer that exists and isn't deleted. Refuses otherwise, naming `param`. */
export function customerOf(account: Account, id: string, param?: string): Stripe.Customer {
  const customer = account.store.get("customer", id)
  if (!customer) throw noSuch("customer", id, param)
  return customer
}

/** Deletes a customer, whose subscriptions end at once. A tombstone stays. */
export function deleteCustomer(account: Account, id: string): Stripe.DeletedCustomer {
  const customer = customerOf(account, id)
  for (const subscription of account.store.all("subscription")) {
    if (subscription.customer === id && !isOver(subscription)) cancelNow(account, subscription)
  }
  account.store.remove("customer", id)
  account.emit("customer.deleted", customer)
  return account.store.add("deleted_customer", { id, object: "customer", deleted: true })
}
