import type Stripe from "stripe"
import { z } from "zod"
import type { Context } from "../context.ts"
import { isThin, plainType } from "./event-types.ts"
import { nullIfMissing } from "./stripe.ts"

/** The objects of events that don't name their customer: disputes and refunds, and everything in a thin event. */
const RETRIEVE: [types: RegExp, (stripe: Stripe, id: string) => Promise<unknown>][] = [
  [/^charge\.dispute\./, (stripe, id) => stripe.disputes.retrieve(id, { expand: ["charge"] })],
  [/^(?:charge\.)?refund\./, (stripe, id) => stripe.refunds.retrieve(id, { expand: ["charge"] })],
  [/^customer\.subscription\./, (stripe, id) => stripe.subscriptions.retrieve(id)],
  [/^checkout\.session\./, (stripe, id) => stripe.checkout.sessions.retrieve(id)],
  [/^invoice\./, (stripe, id) => stripe.invoices.retrieve(id)],
  [/^charge\./, (stripe, id) => stripe.charges.retrieve(id)],
]

/** Checks whether an event of this type must be asked for its customer. */
export function namesNoCustomer(type: string): boolean {
  return isThin(type) || /^(?:charge\.dispute|charge\.refund|refund)\./.test(type)
}

const Reference = z.union([z.string(), z.object({ id: z.string() })]).nullish()
const WithCustomer = z.object({ customer: Reference })
const WithCharge = z.object({ charge: WithCustomer.nullish() })

/**
 * Fetches the customer of an event's object, for disputes and refunds by way of their charge.
 * @returns Stripe's id; null when the object is gone or has no customer
 */
export async function fetchCustomerId(ctx: Context, type: string, objectId: string): Promise<string | null> {
  const plain = plainType(type)
  const retrieve = RETRIEVE.find(([types]) => types.test(plain))?.[1]
  const object = retrieve ? await nullIfMissing(retrieve(ctx.stripe, objectId)) : null
  if (object === null) return null
  const { charge } = WithCharge.catch({}).parse(object)
  const { customer } = WithCustomer.parse(charge ?? object)
  return typeof customer === "string" ? customer : (customer?.id ?? null)
}
