import { z } from "zod"
import type { Account } from "../model/account.ts"
import { closeDispute, submitEvidence } from "../model/disputes.ts"
import { refund } from "../model/refunds.ts"
import { invalid } from "../model/refusals.ts"
import { integer, metadata, newMetadata, optional, range, text, undone } from "./params.ts"
import { listAndRetrieve, type Route, route, update } from "./route.ts"

const CreateRefund = {
  ...optional({ charge: text, payment_intent: text, amount: integer }),
  metadata: newMetadata,
  reason: z.enum(["duplicate", "fraudulent", "requested_by_customer"]).optional(),
  ...undone("currency customer instructions_email origin refund_application_fee reverse_transfer"),
}
const UpdateDispute = optional({ evidence: z.record(z.string(), text), metadata, ...undone("submit") })
const List = { charge: text, payment_intent: text, created: range }

export const refundDisputeRoutes: Route[] = [
  route("POST", "/v1/refunds", CreateRefund, ({ account, params }) => {
    const { amount, reason, metadata } = params
    return refund(account, { charge: chargeToRefund(account, params), amount, reason, metadata })
  }),
  ...listAndRetrieve("/v1/refunds", "refund", List),
  update("/v1/refunds", "refund", {}),
  ...listAndRetrieve("/v1/disputes", "dispute", List),
  route("POST", "/v1/disputes/:id", UpdateDispute, ({ account, id, params }) =>
    submitEvidence(account, account.store.lookUp("dispute", id), params.evidence, params.metadata ?? {}),
  ),
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
