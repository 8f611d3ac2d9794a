import { z } from "zod"
import type { Account } from "../model/account.ts"
import { closeDispute, submitEvidence } from "../model/disputes.ts"
import { refund } from "../model/refunds.ts"
import { invalid, noSuch } from "../model/refusals.ts"
import { page } from "./list.ts"
import { ignored, inRange, integer, mergedMetadata, metadata, paging, range, text } from "./params.ts"
import { chargeOf } from "./payments.ts"
import { type Call, type Row, row } from "./row.ts"

const Create = z.strictObject({
  charge: text.optional(),
  payment_intent: text.optional(),
  amount: integer.optional(),
  reason: z.enum(["duplicate", "fraudulent", "requested_by_customer"]).optional(),
  metadata: metadata.optional(),
  ...ignored(
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
  ...ignored("submit"),
})
const None = z.strictObject({})

export const refundDisputeRoutes: Row[] = [
  row("POST", "/v1/refunds", Create, create),
  row("GET", "/v1/refunds", List, ({ account, params }) =>
    page("/v1/refunds", filtered(account.store.all("refund"), params), params),
  ),
  row("GET", "/v1/refunds/:id", None, ({ account, id }) => refundOf(account, id)),
  row("POST", "/v1/refunds/:id", Update, ({ account, id, params }) => {
    const made = refundOf(account, id)
    made.metadata = mergedMetadata(made.metadata ?? {}, params.metadata)
    return made
  }),
  row("GET", "/v1/disputes", List, ({ account, params }) =>
    page("/v1/disputes", filtered(account.store.all("dispute"), params), params),
  ),
  row("GET", "/v1/disputes/:id", None, ({ account, id }) => disputeOf(account, id)),
  row("POST", "/v1/disputes/:id", UpdateDispute, ({ account, id, params }) => {
    const dispute = disputeOf(account, id)
    submitEvidence(account, dispute, params.evidence ?? {}, params.metadata ?? {})
    return dispute
  }),
  row("POST", "/v1/disputes/:id/close", None, ({ account, id }) =>
    closeDispute(account, disputeOf(account, id), "lost"),
  ),
]

/** A dispute that exists. Refuses otherwise. */
export function disputeOf(account: Account, id: string) {
  const dispute = account.store.get("dispute", id)
  if (!dispute) throw noSuch("dispute", id)
  return dispute
}

function refundOf(account: Account, id: string) {
  const made = account.store.get("refund", id)
  if (!made) throw noSuch("refund", id)
  return made
}

function create({ account, params }: Call<z.output<typeof Create>>) {
  const { amount, reason } = params
  return refund(account, {
    charge: chargeToRefund(account, params),
    amount,
    reason,
    metadata: mergedMetadata({}, params.metadata),
  })
}

function chargeToRefund(
  account: Account,
  { charge, payment_intent }: { charge?: string; payment_intent?: string },
) {
  if (charge) return chargeOf(account, charge, "charge")
  if (!payment_intent)
    throw invalid(
      "One of the following params should be provided for this request: payment_intent or charge.",
    )
  const intent = account.store.get("payment_intent", payment_intent)
  if (!intent) throw noSuch("payment_intent", payment_intent, "payment_intent")
  if (intent.status !== "succeeded") {
    throw invalid(`This PaymentIntent (${intent.id}) does not have a successful charge to refund.`)
  }
  return chargeOf(account, String(intent.latest_charge))
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
