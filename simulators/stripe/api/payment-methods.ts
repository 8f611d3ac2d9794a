import type Stripe from "stripe"
import { z } from "zod"
import { attachCard, createCard, testCard } from "../model/cards.ts"
import { change } from "../model/change.ts"
import { customerOf } from "../model/customers.ts"
import { noSuch } from "../model/refusals.ts"
import type { World } from "../model/world.ts"
import { page } from "./list.ts"
import { paging, text, unheeded } from "./params.ts"
import { type Row, row } from "./row.ts"

const Create = z.strictObject({
  type: z.literal("card"),
  card: z.object({}).loose().optional(),
  ...unheeded("billing_details", "metadata", "allow_redisplay"),
})
const List = z.strictObject({ ...paging, customer: text.optional(), type: text.optional() })

export const paymentMethodRows: Row[] = [
  row("POST", "/v1/payment_methods", Create, ({ world }) => createCard(world, "ok")),
  row("GET", "/v1/payment_methods", List, ({ world, params: { customer, type: _, ...paging } }) =>
    page(
      "/v1/payment_methods",
      world.store
        .all("payment_method")
        .filter((method) => customer === undefined || method.customer === customer),
      paging,
    ),
  ),
  row("GET", "/v1/payment_methods/:id", z.strictObject({}), ({ world, id }) => paymentMethodOf(world, id)),
  row(
    "POST",
    "/v1/payment_methods/:id/attach",
    z.strictObject({ customer: text }),
    ({ world, id, params }) => {
      const customer = customerOf(world, params.customer, "customer")
      const method = paymentMethodOf(world, id)
      attachCard(world, method, customer)
      return method
    },
  ),
  row("POST", "/v1/payment_methods/:id/detach", z.strictObject({}), ({ world, id }) => {
    const method = paymentMethodOf(world, id)
    change(world, "payment_method.detached", method, { customer: null })
    return method
  }),
]

/** A payment method that exists, or a new one for the name of a test card. Refuses otherwise. */
export function paymentMethodOf(world: World, id: string, param?: string): Stripe.PaymentMethod {
  const kind = testCard(id)
  const method = kind ? createCard(world, kind) : world.store.get("payment_method", id)
  if (!method) throw noSuch("PaymentMethod", id, param)
  return method
}
