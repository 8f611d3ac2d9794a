import { z } from "zod"
import { range, text, undone } from "./params.ts"
import { listAndRetrieve, type Route } from "./route.ts"

const Payment = {
  type: z.enum(["payment_intent", "payment_record"]),
  payment_intent: text.optional(),
  ...undone("payment_record"),
}
const ListInvoicePayments = {
  invoice: text,
  payment: z.strictObject(Payment),
  status: z.enum(["canceled", "open", "paid"]),
  created: range,
}
const ListIntents = { customer: text, created: range, ...undone("customer_account") }
const ListCharges = { customer: text, payment_intent: text, created: range, ...undone("transfer_group") }

export const paymentRoutes: Route[] = [
  ...listAndRetrieve("/v1/invoice_payments", "invoice_payment", ListInvoicePayments, {
    tests: { payment: (object, { payment_intent }) => object.payment.payment_intent === payment_intent },
  }),
  ...listAndRetrieve("/v1/payment_intents", "payment_intent", ListIntents),
  ...listAndRetrieve("/v1/charges", "charge", ListCharges),
]
