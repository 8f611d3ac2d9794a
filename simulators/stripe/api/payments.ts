import { z } from "zod"
import type { Account } from "../model/account.ts"
import { noSuch } from "../model/refusals.ts"
import { page } from "./list.ts"
import { ignored, inRange, paging, range, text } from "./params.ts"
import { type Row, row } from "./row.ts"

const ListJoints = z.strictObject({
  ...paging,
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
})
const ListIntents = z.strictObject({
  ...paging,
  customer: text.optional(),
  created: range.optional(),
  ...ignored("customer_account"),
})
const ListCharges = z.strictObject({
  ...paging,
  customer: text.optional(),
  payment_intent: text.optional(),
  created: range.optional(),
  ...ignored("transfer_group"),
})
const None = z.strictObject({})

export const paymentRows: Row[] = [
  row(
    "GET",
    "/v1/invoice_payments",
    ListJoints,
    ({ account, params: { invoice, payment, status, created, ...paging } }) =>
      page(
        "/v1/invoice_payments",
        account.store
          .all("invoice_payment")
          .filter((each) => !invoice || each.invoice === invoice)
          .filter((each) => !payment || each.payment.payment_intent === payment.payment_intent)
          .filter((each) => (!status || each.status === status) && inRange(each.created, created)),
        paging,
      ),
  ),
  row("GET", "/v1/invoice_payments/:id", None, ({ account, id }) => {
    return account.store.get("invoice_payment", id) ?? missing("invoice_payment", id)
  }),
  row("GET", "/v1/payment_intents", ListIntents, ({ account, params: { customer, created, ...paging } }) =>
    page(
      "/v1/payment_intents",
      account.store
        .all("payment_intent")
        .filter((each) => (!customer || each.customer === customer) && inRange(each.created, created)),
      paging,
    ),
  ),
  row("GET", "/v1/payment_intents/:id", None, ({ account, id }) => {
    return account.store.get("payment_intent", id) ?? missing("payment_intent", id)
  }),
  row(
    "GET",
    "/v1/charges",
    ListCharges,
    ({ account, params: { customer, payment_intent, created, ...paging } }) =>
      page(
        "/v1/charges",
        account.store
          .all("charge")
          .filter((each) => !customer || each.customer === customer)
          .filter((each) => !payment_intent || each.payment_intent === payment_intent)
          .filter((each) => inRange(each.created, created)),
        paging,
      ),
  ),
  row("GET", "/v1/charges/:id", None, ({ account, id }) => chargeOf(account, id)),
]

/** A charge that exists. Refuses otherwise, naming `param`. */
export function chargeOf(account: Account, id: string, param?: string) {
  const charge = account.store.get("charge", id)
  if (!charge) throw noSuch("charge", id, param)
  return charge
}

function missing(what: string, id: string): never {
  throw noSuch(what, id)
}
