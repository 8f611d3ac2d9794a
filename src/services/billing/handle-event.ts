import { z } from "zod"
import type { Context } from "../context.ts"
import { relinkCustomer } from "./relink-customers.ts"
import { isMissing } from "./stripe.ts"
import { syncCustomer } from "./sync-customer.ts"

/**
 * Handles an event by syncing its customer with Stripe. Running it twice is safe: a handled event is skipped, and a
 * second sync writes the same state.
 * @throws {CustomerBusy | LeaseLost} and Stripe's errors; the event stays pending
 */
export async function handleEvent(ctx: Context, eventId: string): Promise<void> {
  const event = await findPending(ctx, eventId)
  if (!event) return
  const stripeId = event.stripe_customer_id ?? (await fetchCustomerId(ctx, event))
  const customerId = stripeId && ((await findCustomer(ctx, stripeId)) ?? (await relink(ctx, stripeId)))
  if (!customerId) return markUnmatched(ctx, eventId, event.type)
  // The sync handles all pending events of the customer, so this one must have the customer's id.
  if (event.stripe_customer_id === null) await setEventCustomer(ctx, eventId, stripeId)
  const { unenforced } = await syncCustomer(ctx, customerId, { kind: "event", eventId })
  if (unenforced) throw unenforced
}

async function relink(ctx: Context, stripeId: string): Promise<string | null> {
  const relinked = await relinkCustomer(ctx, stripeId)
  return relinked?.isLinked ? relinked.customerId : null
}

interface PendingEvent {
  type: string
  object_id: string | null
  stripe_customer_id: string | null
}

async function findPending(ctx: Context, id: string): Promise<PendingEvent | undefined> {
  const { rows } = await ctx.db.pool.query<PendingEvent>({
    name: "find-pending-billing-event",
    text: "SELECT type, object_id, stripe_customer_id FROM billing_events WHERE id = $1 AND status = 'pending'",
    values: [id],
  })
  return rows[0]
}

const WithCustomer = z.object({ customer: z.union([z.string(), z.object({ id: z.string() })]).nullish() })

/** Fetches the customer by way of the charge, which is all that disputes and refunds refer to. */
async function fetchCustomerId(ctx: Context, { type, object_id }: PendingEvent): Promise<string | null> {
  if (object_id === null || !/^(?:charge\.dispute|charge\.refund|refund)\./.test(type)) return null
  try {
    const { charge } = type.startsWith("charge.dispute.")
      ? await ctx.stripe.disputes.retrieve(object_id)
      : await ctx.stripe.refunds.retrieve(object_id)
    if (charge === null) return null
    const { customer } = WithCustomer.parse(
      typeof charge === "string" ? await ctx.stripe.charges.retrieve(charge) : charge,
    )
    return typeof customer === "string" ? customer : (customer?.id ?? null)
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}

async function findCustomer(ctx: Context, stripeId: string): Promise<string | undefined> {
  const { rows } = await ctx.db.pool.query<{ id: string }>({
    name: "find-billing-customer",
    text: "SELECT id FROM billing_customers WHERE stripe_id = $1",
    values: [stripeId],
  })
  return rows[0]?.id
}

async function setEventCustomer(ctx: Context, eventId: string, stripeId: string): Promise<void> {
  await ctx.db.pool.query("UPDATE billing_events SET stripe_customer_id = $2 WHERE id = $1", [
    eventId,
    stripeId,
  ])
}

/** Marks an event of a customer who isn't ours: a Stripe account may serve several products. */
async function markUnmatched(ctx: Context, eventId: string, type: string): Promise<void> {
  await ctx.db.pool.query(
    "UPDATE billing_events SET status = 'unmatched', handled_at = now() WHERE id = $1 AND status = 'pending'",
    [eventId],
  )
  ctx.events.billingEventsHandled({ customerId: null, types: [type], outcome: "unmatched" })
}
