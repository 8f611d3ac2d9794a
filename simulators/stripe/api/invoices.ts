import { z } from "zod"
import type { Account } from "../model/account.ts"
import { finalizeInvoice, voidInvoice } from "../model/invoices.ts"
import { payInvoice } from "../model/pay-invoice.ts"
import { invalid, noSuch } from "../model/refusals.ts"
import { page, refuseUnknown } from "./list.ts"
import { flag, ignored, inRange, paging, range, text } from "./params.ts"
import { paymentMethodOf } from "./payment-methods.ts"
import { type Call, type Row, row } from "./row.ts"

const List = z.strictObject({
  ...paging,
  customer: text.optional(),
  subscription: text.optional(),
  status: z.enum(["draft", "open", "paid", "uncollectible", "void"]).optional(),
  created: range.optional(),
  ...ignored("collection_method", "customer_account", "due_date"),
})
const Pay = z.strictObject({
  paid_out_of_band: flag.optional(),
  payment_method: text.optional(),
  ...ignored("forgive", "mandate", "off_session", "source"),
})
const None = z.strictObject({})
const PATH = "/v1/invoices"

export const invoiceRows: Row[] = [
  row("GET", PATH, List, list),
  row("GET", `${PATH}/:id`, None, ({ account, id }) => invoiceOf(account, id)),
  row("POST", `${PATH}/:id/pay`, Pay, ({ account, id, params }) =>
    payInvoice(account, invoiceOf(account, id), {
      outOfBand: params.paid_out_of_band,
      paymentMethod: params.payment_method
        ? paymentMethodOf(account, params.payment_method, "payment_method")
        : undefined,
    }),
  ),
  row("POST", `${PATH}/:id/void`, None, ({ account, id }) => {
    const invoice = invoiceOf(account, id)
    if (invoice.status !== "open")
      throw invalid(`You can only pass in open invoices. This invoice isn't open.`)
    voidInvoice(account, invoice)
    return invoice
  }),
  row("POST", `${PATH}/:id/finalize`, z.strictObject(ignored("auto_advance")), ({ account, id }) => {
    const invoice = invoiceOf(account, id)
    if (invoice.status !== "draft")
      throw invalid("This invoice is already finalized, you can't re-finalize it.")
    finalizeInvoice(account, invoice, { present: false })
    return invoice
  }),
  row("GET", `${PATH}/:id/lines`, z.strictObject(paging), ({ account, id }) => invoiceOf(account, id).lines),
]

function list({ account, params }: Call<z.output<typeof List>>) {
  const { customer, subscription, status, created, ...paging } = params
  refuseUnknown(account, { customer, subscription })
  const found = account.store
    .all("invoice")
    .filter((each) => !customer || each.customer === customer)
    .filter((each) => !subscription || each.parent?.subscription_details?.subscription === subscription)
    .filter((each) => (!status || each.status === status) && inRange(each.created, created))
  return page(PATH, found, paging)
}

/** An invoice that exists. Refuses otherwise. */
export function invoiceOf(account: Account, id: string) {
  const invoice = account.store.get("invoice", id)
  if (!invoice) throw noSuch("invoice", id)
  return invoice
}
