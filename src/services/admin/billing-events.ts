import { z } from "zod"
import { toCamelCase } from "../../utils/camel-case.ts"
import { CursorTime, decodeCursor, encodeCursor } from "../../utils/cursor.ts"
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

const Cursor = z.tuple([CursorTime, z.string()])

/** Lists Stripe events, newest first. @throws {InvalidRequest} for an invalid cursor */
export async function listBillingEvents(
  ctx: Context,
  { limit, cursor }: { limit: number; cursor?: string },
): Promise<{ items: BillingEvent[]; next: string | null }> {
  const [at, id] = cursor === undefined ? [null, null] : decodeCursor(cursor, Cursor)
  const { rows } = await ctx.db.pool.query({
    name: "list-billing-events",
    text: LIST,
    values: [limit + 1, at, id],
  })
  const items = rows.slice(0, limit).map((row) => toCamelCase<BillingEvent>(row))
  const last = items.at(-1)
  const next = rows.length > limit && last ? encodeCursor([last.receivedAt.toISOString(), last.id]) : null
  return { items, next }
}

const LIST = `
  SELECT id, type, status, object_id, stripe_customer_id, tries, created_at, received_at, handled_at
  FROM billing_events
  WHERE (received_at, id) < (coalesce($2::timestamptz, 'infinity'), coalesce($3::text, ''))
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
  RETURNING (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS dedupe_key`
