import type Stripe from "stripe"
import { customerObject } from "../objects/customer.ts"
import type { Account } from "./account.ts"
import { cancelNow } from "./cancel.ts"
import { isOver } from "./subscriptions.ts"

/** Adds a customer and emits the event. */
export function createCustomer(account: Account, fields: Partial<Stripe.Customer>): Stripe.Customer {
  return account.create("customer", customerObject(account, fields), "customer.created")
}

/** Deletes a customer, whose subscriptions end at once. A tombstone stays. */
export function deleteCustomer(account: Account, id: string): Stripe.DeletedCustomer {
  const customer = account.store.lookUp("customer", id)
  for (const subscription of account.store.all("subscription")) {
    if (subscription.customer === id && !isOver(subscription)) cancelNow(account, subscription)
  }
  account.store.remove("customer", id)
  account.emit("customer.deleted", customer)
  return account.store.add("deleted_customer", { id, object: "customer", deleted: true })
}
