import type Stripe from "stripe"
import type { Account } from "../model/account.ts"
import { attachCard, createCard, testCard } from "../model/cards.ts"
import { change } from "../model/change.ts"
import { only, text } from "./params.ts"
import { list, type Route, route } from "./route.ts"

const PATH = "/v1/payment_methods"

export const paymentMethodRoutes: Route[] = [
  list(PATH, "payment_method", { customer: text, type: only("card") }),
  route("GET", `${PATH}/:id`, {}, ({ account, id }) => lookUpCard(account, id)),
  route("POST", `${PATH}/:id/attach`, { customer: text }, ({ account, id, params }) => {
    const customer = account.store.lookUp("customer", params.customer, "customer")
    const method = lookUpCard(account, id)
    attachCard(account, method, customer)
    return method
  }),
  route("POST", `${PATH}/:id/detach`, {}, ({ account, id }) =>
    change(account, "payment_method.detached", lookUpCard(account, id), { customer: null }),
  ),
]

/** A payment method that exists, or a new one for the name of a test card. Refuses any other id. */
export function lookUpCard(account: Account, id: string, param?: string): Stripe.PaymentMethod {
  const kind = testCard(id)
  return kind ? createCard(account, kind) : account.store.lookUp("payment_method", id, param)
}
