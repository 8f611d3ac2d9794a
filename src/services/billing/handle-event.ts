import type { Context } from "../context.ts"
import { fetchCustomerId, namesNoCustomer } from "./fetch-customer-id.ts"
import { relinkCustomer } from "./relink-customers.ts"
import { isStranger, rememberStranger } from "./strangers.ts"
import { syncCustomer } from "./sync-customer.ts"

/**
 * Handles an event by syncing its customer with Stripe. Running it twice is safe: a handled event is skipped, and a
 * second sync writes the same state.
 * @throws {CustomerBusy | LeaseLost} and Stripe's errors; the event stays pending
 */
export async function handleEvent(ctx: Context, eventId: string): Promise<void> {
  const event = await findPending(ctx, eventId)
  if (!event) return
  const found = await findPayer(ctx, event)
  if (!found) return markUnmatched(ctx, eventId, event.type)
  const { stripeId, customerId } = found
  // The sync handles all pending events of the customer, so this one must have the customer's id.
  if (event.stripe_customer_id === null) await setEventCustomer(ctx, eventId, stripeId)
  const { unenforced } = await syncCustomer(ctx, customerId, { kind: "event", eventId })
  if (unenforced) throw unenforced
}

/** Finds the customer whom an event is about. One of another product is remembered, and not asked for again. */
async function findPayer(ctx: Context, { type, object_id, stripe_customer_id }: PendingEvent) {
  const object = stripe_customer_id ?? (namesNoCustomer(type) ? object_id : null)
  if (object === null) return null
  if (stripe_customer_id === null && (await isStranger(ctx, object))) return null
  const stripeId = stripe_customer_id ?? (await fetchCustomerId(ctx, type, object))
  const ours = stripeId && (await findCustomer(ctx, stripeId))
  if (ours) return { stripeId, customerId: ours }
  if (stripeId && !(await isStranger(ctx, stripeId))) {
    const relinked = await relink(ctx, stripeId)
    if (relinked) return { stripeId, customerId: relinked }
    await rememberStranger(ctx, stripeId)
  }
  if (object !== stripeId) await rememberStranger(ctx, object)
  return null
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
