import { z } from "zod"
import { finalizeInvoice, voidInvoice } from "../model/invoices.ts"
import { payInvoice } from "../model/pay-invoice.ts"
import { invalid, noSuch } from "../model/refusals.ts"
import type { World } from "../model/world.ts"
import { page, refuseUnknown } from "./list.ts"
import { flag, inRange, paging, range, text, unheeded } from "./params.ts"
import { paymentMethodOf } from "./payment-methods.ts"
import { type Call, type Row, row } from "./row.ts"

const List = z.strictObject({
  ...paging,
  customer: text.optional(),
  subscription: text.optional(),
  status: z.enum(["draft", "open", "paid", "uncollectible", "void"]).optional(),
  created: range.optional(),
  ...unheeded("collection_method", "customer_account", "due_date"),
})
const Pay = z.strictObject({
  paid_out_of_band: flag.optional(),
  payment_method: text.optional(),
  ...unheeded("forgive", "mandate", "off_session", "source"),
})
const None = z.strictObject({})
const PATH = "/v1/invoices"

export const invoiceRows: Row[] = [
  row("GET", PATH, List, list),
  row("GET", `${PATH}/:id`, None, ({ world, id }) => invoiceOf(world, id)),
  row("POST", `${PATH}/:id/pay`, Pay, ({ world, id, params }) =>
    payInvoice(world, invoiceOf(world, id), {
      outOfBand: params.paid_out_of_band,
      paymentMethod: params.payment_method
        ? paymentMethodOf(world, params.payment_method, "payment_method")
        : undefined,
    }),
  ),
  row("POST", `${PATH}/:id/void`, None, ({ world, id }) => {
    const invoice = invoiceOf(world, id)
    if (invoice.status !== "open")
      throw invalid(`You can only pass in open invoices. This invoice isn't open.`)
    voidInvoice(world, invoice)
    return invoice
  }),
  row("POST", `${PATH}/:id/finalize`, z.strictObject(unheeded("auto_advance")), ({ world, id }) => {
    const invoice = invoiceOf(world, id)
    if (invoice.status !== "draft")
      throw invalid("This invoice is already finalized, you can't re-finalize it.")
    finalizeInvoice(world, invoice, { present: false })
    return invoice
  }),
  row("GET", `${PATH}/:id/lines`, z.strictObject(paging), ({ world, id }) => invoiceOf(world, id).lines),
]

function list({ world, params }: Call<z.output<typeof List>>) {
  const { customer, subscription, status, created, ...paging } = params
  refuseUnknown(world, { customer, subscription })
  const found = world.store
    .all("invoice")
    .filter((each) => !customer || each.customer === customer)
    .filter((each) => !subscription || each.parent?.subscription_details?.subscription === subscription)
    .filter((each) => (!status || each.status === status) && inRange(each.created, created))
  return page(PATH, found, paging)
}

/** An invoice that exists. Refuses otherwise. */
export function invoiceOf(world: World, id: string) {
  const invoice = world.store.get("invoice", id)
  if (!invoice) throw noSuch("invoice", id)
  return invoice
}
