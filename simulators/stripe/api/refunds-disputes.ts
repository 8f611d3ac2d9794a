import { z } from "zod"
import type { Account } from "../model/account.ts"
import { closeDispute, submitEvidence } from "../model/disputes.ts"
import { refund } from "../model/refunds.ts"
import { invalid } from "../model/refusals.ts"
import { ignored, integer, mergedMetadata, metadata, optional, range, text } from "./params.ts"
import { list, type Route, retrieve, route } from "./route.ts"

const CreateRefund = {
  ...optional({ charge: text, payment_intent: text, amount: integer, metadata }),
  reason: z.enum(["duplicate", "fraudulent", "requested_by_customer"]).optional(),
  ...ignored("currency customer instructions_email origin refund_application_fee reverse_transfer"),
}
const UpdateDispute = optional({ evidence: z.record(z.string(), text), metadata, ...ignored("submit") })
const List = { charge: text, payment_intent: text, created: range }

export const refundDisputeRoutes: Route[] = [
  route("POST", "/v1/refunds", CreateRefund, ({ account, params }) => {
    const { amount, reason } = params
    const charge = chargeToRefund(account, params)
    return refund(account, { charge, amount, reason, metadata: mergedMetadata({}, params.metadata) })
  }),
  list("/v1/refunds", "refund", List),
  retrieve("/v1/refunds", "refund"),
  route("POST", "/v1/refunds/:id", optional({ metadata }), ({ account, id, params }) => {
    const made = account.store.lookUp("refund", id)
    made.metadata = mergedMetadata(made.metadata ?? {}, params.metadata)
    return made
  }),
  list("/v1/disputes", "dispute", List),
  retrieve("/v1/disputes", "dispute"),
  route("POST", "/v1/disputes/:id", UpdateDispute, ({ account, id, params }) => {
    const dispute = account.store.lookUp("dispute", id)
    submitEvidence(account, dispute, params.evidence ?? {}, params.metadata ?? {})
    return dispute
  }),
  route("POST", "/v1/disputes/:id/close", {}, ({ account, id }) =>
    closeDispute(account, account.store.lookUp("dispute", id), "lost"),
  ),
]

function chargeToRefund(
  { store }: Account,
  { charge, payment_intent: payment }: { charge?: string; payment_intent?: string },
) {
  if (charge) return store.lookUp("charge", charge, "charge")
  if (!payment) {
    throw invalid(
      "One of the following params should be provided for this request: payment_intent or charge.",
    )
  }
  const intent = store.lookUp("payment_intent", payment, "payment_intent")
  if (intent.status !== "succeeded") {
    throw invalid(`This PaymentIntent (${intent.id}) does not have a successful charge to refund.`)
  }
  return store.lookUp("charge", String(intent.latest_charge))
}
