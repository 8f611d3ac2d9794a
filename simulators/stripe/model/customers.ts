import type Stripe from "stripe"
import { customerObject, type NewCustomer } from "../objects/customer.ts"
import { cancelNow, isOver } from "./cancel.ts"
import { noSuch } from "./refusals.ts"
import type { World } from "./world.ts"

/** Adds a customer and tells it. */
export function createCustomer(world: World, fields: NewCustomer): Stripe.Customer {
  const customer = world.store.add("customer", customerObject(world, fields))
  world.emit("customer.created", customer)
  return customer
}

/** A customer that exists and isn't deleted. Refuses otherwise, naming `param`. */
export function customerOf(world: World, id: string, param?: string): Stripe.Customer {
  const customer = world.store.get("customer", id)
  if (!customer) throw noSuch("customer", id, param)
  return customer
}

/** Deletes a customer, whose subscriptions end at once. A tombstone stays. */
export function deleteCustomer(world: World, id: string): Stripe.DeletedCustomer {
  const customer = customerOf(world, id)
  for (const subscription of world.store.all("subscription")) {
    if (subscription.customer === id && !isOver(subscription)) cancelNow(world, subscription)
  }
  world.store.remove("customer", id)
  world.emit("customer.deleted", customer)
  return world.store.add("deleted_customer", { id, object: "customer", deleted: true })
}
