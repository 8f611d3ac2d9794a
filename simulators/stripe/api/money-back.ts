import { z } from "zod"
import { closeDispute, submitEvidence } from "../model/disputes.ts"
import { refund } from "../model/refunds.ts"
import { invalid, noSuch } from "../model/refusals.ts"
import type { World } from "../model/world.ts"
import { page } from "./list.ts"
import { inRange, integer, mergedMetadata, metadata, paging, range, text, unheeded } from "./params.ts"
import { chargeOf } from "./payments.ts"
import { type Call, type Row, row } from "./row.ts"

const Create = z.strictObject({
  charge: text.optional(),
  payment_intent: text.optional(),
  amount: integer.optional(),
  reason: z.enum(["duplicate", "fraudulent", "requested_by_customer"]).optional(),
  metadata: metadata.optional(),
  ...unheeded(
    "currency",
    "customer",
    "instructions_email",
    "origin",
    "refund_application_fee",
    "reverse_transfer",
  ),
})
const Filter = { charge: text.optional(), payment_intent: text.optional(), created: range.optional() }
const List = z.strictObject({ ...paging, ...Filter })
const Update = z.strictObject({ metadata: metadata.optional() })
const UpdateDispute = z.strictObject({
  evidence: z.record(z.string(), text).optional(),
  metadata: metadata.optional(),
  ...unheeded("submit"),
})
const None = z.strictObject({})

export const moneyBackRows: Row[] = [
  row("POST", "/v1/refunds", Create, create),
  row("GET", "/v1/refunds", List, ({ world, params }) =>
    page("/v1/refunds", filtered(world.store.all("refund"), params), params),
  ),
  row("GET", "/v1/refunds/:id", None, ({ world, id }) => refundOf(world, id)),
  row("POST", "/v1/refunds/:id", Update, ({ world, id, params }) => {
    const made = refundOf(world, id)
    made.metadata = mergedMetadata(made.metadata ?? {}, params.metadata)
    return made
  }),
  row("GET", "/v1/disputes", List, ({ world, params }) =>
    page("/v1/disputes", filtered(world.store.all("dispute"), params), params),
  ),
  row("GET", "/v1/disputes/:id", None, ({ world, id }) => disputeOf(world, id)),
  row("POST", "/v1/disputes/:id", UpdateDispute, ({ world, id, params }) => {
    const dispute = disputeOf(world, id)
    submitEvidence(world, dispute, params.evidence ?? {}, params.metadata ?? {})
    return dispute
  }),
  row("POST", "/v1/disputes/:id/close", None, ({ world, id }) =>
    closeDispute(world, disputeOf(world, id), "lost"),
  ),
]

/** A dispute that exists. Refuses otherwise. */
export function disputeOf(world: World, id: string) {
  const dispute = world.store.get("dispute", id)
  if (!dispute) throw noSuch("dispute", id)
  return dispute
}

function refundOf(world: World, id: string) {
  const made = world.store.get("refund", id)
  if (!made) throw noSuch("refund", id)
  return made
}

function create({ world, params }: Call<z.output<typeof Create>>) {
  const { amount, reason } = params
  return refund(world, {
    charge: chargeToRefund(world, params),
    amount,
    reason,
    metadata: mergedMetadata({}, params.metadata),
  })
}

function chargeToRefund(
  world: World,
  { charge, payment_intent }: { charge?: string; payment_intent?: string },
) {
  if (charge) return chargeOf(world, charge, "charge")
  if (!payment_intent)
    throw invalid(
      "One of the following params should be provided for this request: payment_intent or charge.",
    )
  const intent = world.store.get("payment_intent", payment_intent)
  if (!intent) throw noSuch("payment_intent", payment_intent, "payment_intent")
  if (intent.status !== "succeeded") {
    throw invalid(`This PaymentIntent (${intent.id}) does not have a successful charge to refund.`)
  }
  return chargeOf(world, String(intent.latest_charge))
}

type About = { charge: unknown; payment_intent: unknown; created: number }

function filtered<T extends About>(
  objects: T[],
  {
    charge,
    payment_intent,
    created,
  }: { charge?: string; payment_intent?: string; created?: z.output<typeof range> },
): T[] {
  return objects.filter(
    (each) =>
      (!charge || each.charge === charge) &&
      (!payment_intent || each.payment_intent === payment_intent) &&
      inRange(each.created, created),
  )
}
