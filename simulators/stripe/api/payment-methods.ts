import type Stripe from "stripe"
import { z } from "zod"
import type { Account } from "../model/account.ts"
import { attachCard, createCard, testCard } from "../model/cards.ts"
import { change } from "../model/change.ts"
import { customerOf } from "../model/customers.ts"
import { noSuch } from "../model/refusals.ts"
import { page } from "./list.ts"
import { ignored, paging, text } from "./params.ts"
import { type Row, row } from "./row.ts"

const Create = z.strictObject({
  type: z.literal("card"),
  card: z.object({}).loose().optional(),
  ...ignored("billing_details", "metadata", "allow_redisplay"),
})
const List = z.strictObject({ ...paging, customer: text.optional(), type: text.optional() })

export const paymentMethodRows: Row[] = [
  row("POST", "/v1/payment_methods", Create, ({ account }) => createCard(account, "ok")),
  row("GET", "/v1/payment_methods", List, ({ account, params: { customer, type: _, ...paging } }) =>
    page(
      "/v1/payment_methods",
      account.store
        .all("payment_method")
        .filter((method) => customer === undefined || method.customer === customer),
      paging,
    ),
  ),
  row("GET", "/v1/payment_methods/:id", z.strictObject({}), ({ account, id }) =>
    paymentMethodOf(account, id),
  ),
  row(
    "POST",
    "/v1/payment_methods/:id/attach",
    z.strictObject({ customer: text }),
    ({ account, id, params }) => {
      const customer = customerOf(account, params.customer, "customer")
      const method = paymentMethodOf(account, id)
      attachCard(account, method, customer)
      return method
    },
  ),
  row("POST", "/v1/payment_methods/:id/detach", z.strictObject({}), ({ account, id }) => {
    const method = paymentMethodOf(account, id)
    change(account, "payment_method.detached", method, { customer: null })
    return method
  }),
]

/** A payment method that exists, or a new one for the name of a test card. Refuses otherwise. */
export function paymentMethodOf(account: Account, id: string, param?: string): Stripe.PaymentMethod {
  const kind = testCard(id)
  const method = kind ? createCard(account, kind) : account.store.get("payment_method", id)
  if (!method) throw noSuch("PaymentMethod", id, param)
  return method
}
