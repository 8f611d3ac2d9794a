import { z } from "zod"
import { BadSignature, InvalidRequest } from "../../utils/errors.ts"
import { parseJson } from "../../utils/json.ts"
import { isStorableText } from "../../utils/text.ts"
import { SECOND } from "../../utils/time.ts"
import type { Context } from "../context.ts"
import { isHandled } from "./event-types.ts"

const Id = z.string().min(1).max(255).refine(isStorableText)

/** Stripe sends either an object or its id. */
const Reference = z
  .union([Id, z.looseObject({ id: Id })])
  .transform((object) => (typeof object === "string" ? object : object.id))

/**
 * The fields that are read of an event, full or thin (`v2.core.event`, which has no data). The others depend on the
 * endpoint's API version.
 */
const Envelope = z.object({
  id: Id,
  type: Id,
  livemode: z.boolean().nullish(),
  api_version: z.string().max(100).refine(isStorableText).nullish(),
  created: z
    .union([z.number().transform((seconds) => seconds * SECOND), z.iso.datetime({ offset: true })])
    .transform((time) => new Date(time))
    .refine((time) => !Number.isNaN(time.getTime()))
    .nullish()
    .catch(null),
  data: z
    .object({
      object: z.looseObject({
        id: Id.nullish(),
        object: z.string().nullish(),
        customer: Reference.nullish(),
      }),
    })
    .nullish()
    .catch(null),
  related_object: z.looseObject({ id: Id, type: z.string() }).nullish().catch(null),
})
type Envelope = z.infer<typeof Envelope>

/**
 * Receives a webhook delivery. It stores each event once, before it resolves; a job handles the event.
 * @throws {BadSignature} when the signature is missing, not made with one of our secrets, or its time is too far away
 * @throws {InvalidRequest} when the signed body isn't an event
 */
export async function receiveEvent(ctx: Context, body: Buffer, signature: string | undefined): Promise<void> {
  checkSignature(ctx, body, signature)
  const event = parse(body)
  const isNew = await store(ctx, event)
  ctx.events.billingEventReceived({ eventId: event.id, type: event.type, repeated: !isNew })
  if (isNew && isHandled(event.type)) {
    ctx.background.run("enqueue a billing event", () =>
      ctx.billingQueue.enqueue({ kind: "event", eventId: event.id, traceparent: ctx.tracing.current() }, 0),
    )
  }
}

/** Accepts either of two secrets during a rotation. */
function checkSignature(ctx: Context, body: Buffer, signature: string | undefined): void {
  if (!signature) throw new BadSignature()
  const toleranceSeconds = ctx.timing.billing.signatureToleranceMs / SECOND
  const isSignedWith = (secret: string) => {
    try {
      return ctx.stripe.webhooks.signature?.verifyHeader(body, signature, secret, toleranceSeconds) === true
    } catch {
      return false
    }
  }
  if (!ctx.config.stripe.webhookSecrets.some(isSignedWith)) throw new BadSignature()
  // The SDK rejects old times only. A time ahead would keep a recorded delivery valid until then.
  if (!(signedAt(signature) - Date.now() / SECOND <= toleranceSeconds)) throw new BadSignature()
}

/** Reads the header's time as the SDK does: of several, the last one. @returns seconds, or NaN without one */
function signedAt(signature: string): number {
  const last = signature.split(",").findLast((part) => part.startsWith("t="))
  return Number.parseInt(last?.slice("t=".length) ?? "", 10)
}

function parse(body: Buffer): Envelope {
  const parsed = Envelope.safeParse(parseJson(body.toString("utf8")))
  if (parsed.success) return parsed.data
  throw new InvalidRequest([{ path: "body", message: "This isn't a Stripe event." }])
}

/** @returns whether the event is new */
async function store(ctx: Context, event: Envelope): Promise<boolean> {
  const object = event.data?.object
  const { rowCount } = await ctx.db.execute("store-billing-event", STORE, [
    event.id,
    event.type,
    event.livemode ?? null,
    event.api_version ?? null,
    object?.id ?? event.related_object?.id ?? null,
    customerOf(event),
    isHandled(event.type) ? "pending" : "ignored",
    event.created ?? null,
    ctx.timing.billing.sweepAfterMs,
  ])
  return rowCount === 1
}

function customerOf({ data, related_object }: Envelope): string | null {
  const object = data?.object
  if (object?.object === "customer") return object.id ?? null
  return object?.customer ?? (related_object?.type === "customer" ? related_object.id : null)
}

const STORE = `
  INSERT INTO billing_events (id, type, livemode, api_version, object_id, stripe_customer_id, status, created_at,
    handled_at, next_try_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, CASE $7 WHEN 'pending' THEN NULL ELSE now() END,
    now() + $9 * interval '1 millisecond')
  ON CONFLICT (id) DO NOTHING`
