import { z } from "zod"
import { afterSql, newestFirst, type Page, type PageRequest, readPage } from "../../models/keyset.ts"
import { toCamelCase } from "../../utils/camel-case.ts"
import { NotFound } from "../../utils/errors.ts"
import type { Context } from "../context.ts"

/** A Stripe event without its payload, which isn't stored. */
export interface BillingEvent {
  id: string
  type: string
  status: "pending" | "handled" | "ignored" | "unmatched"
  objectId: string | null
  stripeCustomerId: string | null
  tries: number
  createdAt: Date | null
  receivedAt: Date
  handledAt: Date | null
}

/** Lists Stripe events, newest first. @throws {InvalidRequest} for an invalid cursor */
export async function listBillingEvents(ctx: Context, page: PageRequest): Promise<Page<BillingEvent>> {
  return readPage(page, newestFirst("receivedAt", z.string()), async (after, count) => {
    const values = [count, ...(after ?? [null, null])]
    const { rows } = await ctx.db.execute<Record<string, unknown>>("list-billing-events", LIST, values)
    return rows.map((row) => toCamelCase<BillingEvent>(row))
  })
}

const LIST = `
  SELECT id, type, status, object_id, stripe_customer_id, tries, created_at, received_at, handled_at
  FROM billing_events
  WHERE ${afterSql("received_at", "id", 2, "text")}
  ORDER BY received_at DESC, id DESC LIMIT $1`

/**
 * Handles an event again, whatever its status. Safe at any time: it syncs the customer with Stripe's current state and
 * doesn't use the event's content.
 * @throws {NotFound}
 */
export async function replayBillingEvent(ctx: Context, eventId: string): Promise<void> {
  const { rows } = await ctx.db.pool.query<{ dedupeKey: string }>(REPLAY, [
    eventId,
    ctx.timing.billing.sweepAfterMs,
  ])
  const replayed = rows[0]
  if (!replayed) throw new NotFound("billing event")
  ctx.background.run("enqueue a billing event", () =>
    ctx.billingQueue.enqueue(
      { kind: "event", eventId, traceparent: ctx.tracing.current() },
      `replay-${replayed.dedupeKey}`,
    ),
  )
}

const REPLAY = `
  UPDATE billing_events SET status = 'pending', handled_at = NULL, tries = 0,
    next_try_at = now() + $2 * interval '1 millisecond'
  WHERE id = $1
  RETURNING (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS "dedupeKey"`
