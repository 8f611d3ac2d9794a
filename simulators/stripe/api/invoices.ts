import { z } from "zod"
import { finalizeInvoice, subscriptionIdOf, voidInvoice } from "../model/invoices.ts"
import { payInvoice } from "../model/pay-invoice.ts"
import { invalid } from "../model/refusals.ts"
import { flag, optional, paging, range, text, undone } from "./params.ts"
import { lookUpCard } from "./payment-methods.ts"
import { listAndRetrieve, type Route, route } from "./route.ts"

const List = {
  customer: text,
  subscription: text,
  status: z.enum(["draft", "open", "paid", "uncollectible", "void"]),
  created: range,
  ...undone("collection_method customer_account due_date"),
}
const Pay = {
  ...optional({ paid_out_of_band: flag, payment_method: text }),
  ...undone("forgive mandate off_session source"),
}
const PATH = "/v1/invoices"

export const invoiceRoutes: Route[] = [
  ...listAndRetrieve(PATH, "invoice", List, {
    tests: { subscription: (invoice, id) => subscriptionIdOf(invoice) === id },
    known: ["customer", "subscription"],
  }),
  route("POST", `${PATH}/:id/pay`, Pay, ({ account, id, params }) => {
    const invoice = account.store.lookUp("invoice", id)
    const { payment_method: method, paid_out_of_band: outOfBand } = params
    const paymentMethod = method ? lookUpCard(account, method, "payment_method") : undefined
    return payInvoice(account, invoice, { outOfBand, paymentMethod })
  }),
  route("POST", `${PATH}/:id/void`, {}, ({ account, id }) => {
    const invoice = account.store.lookUp("invoice", id)
    if (invoice.status !== "open")
      throw invalid("You can only pass in open invoices. This invoice isn't open.")
    voidInvoice(account, invoice)
    return invoice
  }),
  route("POST", `${PATH}/:id/finalize`, undone("auto_advance"), ({ account, id }) => {
    const invoice = account.store.lookUp("invoice", id)
    if (invoice.status !== "draft")
      throw invalid("This invoice is already finalized, you can't re-finalize it.")
    finalizeInvoice(account, invoice, { present: false })
    return invoice
  }),
  route("GET", `${PATH}/:id/lines`, paging, ({ account, id }) => account.store.lookUp("invoice", id).lines),
]
