import { z } from "zod"
import { ignored, range, text } from "./params.ts"
import { list, type Route, retrieve } from "./route.ts"

const ListInvoicePayments = {
  invoice: text.optional(),
  payment: z
    .strictObject({
      type: z.enum(["payment_intent", "payment_record"]),
      payment_intent: text.optional(),
      ...ignored("payment_record"),
    })
    .optional(),
  status: z.enum(["canceled", "open", "paid"]).optional(),
  created: range.optional(),
}
const ListIntents = {
  customer: text.optional(),
  created: range.optional(),
  ...ignored("customer_account"),
}
const ListCharges = {
  customer: text.optional(),
  payment_intent: text.optional(),
  created: range.optional(),
  ...ignored("transfer_group"),
}

export const paymentRoutes: Route[] = [
  list("/v1/invoice_payments", "invoice_payment", ListInvoicePayments, {
    tests: { payment: (object, { payment_intent }) => object.payment.payment_intent === payment_intent },
  }),
  retrieve("/v1/invoice_payments", "invoice_payment"),
  list("/v1/payment_intents", "payment_intent", ListIntents),
  retrieve("/v1/payment_intents", "payment_intent"),
  list("/v1/charges", "charge", ListCharges),
  retrieve("/v1/charges", "charge"),
]
