import type { Account } from "../model/account.ts"
import { newId } from "../model/ids.ts"
import { paymentOf } from "../model/invoices.ts"
import { isOver } from "../model/subscriptions.ts"
import { listOf, nulls } from "../objects/fields.ts"
import { page } from "./page.ts"

type Include = (account: Account, id: string) => unknown

/** Properties that an object has only when a request asks to expand them. */
export const INCLUDABLE: Record<string, Record<string, Include>> = {
  customer: {
    invoice_credit_balance: () => ({}),
    subscriptions: subscriptionsOf,
    tax: () => ({
      automatic_tax: "unrecognized_location",
      provider: "stripe",
      ...nulls("ip_address location"),
    }),
  },
  invoice: { confirmation_secret: confirmationSecret, payments: paymentsOf },
  "checkout.session": { line_items: lineItemsOf },
  charge: {
    refunds: ({ store }, id) => {
      const own = store.all("refund").filter(({ charge }) => charge === id)
      return page(`/v1/charges/${id}/refunds`, own, {})
    },
  },
}

/** What is bought in a Checkout session. */
export function lineItemsOf(account: Account, id: string) {
  const record = account.store.need("session_record", id)
  const price = account.store.need("price", record.price)
  const session = account.store.need("session", id)
  const item = {
    id: newId("li"),
    object: "item",
    adjustable_quantity: null,
    amount_discount: session.total_details?.amount_discount ?? 0,
    amount_subtotal: session.amount_subtotal,
    amount_tax: session.total_details?.amount_tax ?? 0,
    amount_total: session.amount_total,
    currency: price.currency,
    description: account.store.need("product", String(price.product)).name,
    metadata: {},
    price,
    quantity: record.quantity,
  }
  return listOf(`/v1/checkout/sessions/${id}/line_items`, [item])
}

function subscriptionsOf(account: Account, id: string) {
  const url = `/v1/customers/${id}/subscriptions`
  const own = account.store.all("subscription").filter((each) => each.customer === id && !isOver(each))
  return listOf(url, own.toReversed(), { totalCount: own.length })
}

function paymentsOf(account: Account, id: string) {
  const own = account.store.all("invoice_payment").filter((payment) => payment.invoice === id)
  return listOf("/v1/invoices/payments", own)
}

function confirmationSecret(account: Account, id: string) {
  const intent = paymentOf(account, account.store.need("invoice", id))?.intent
  return intent ? { client_secret: intent.client_secret, type: "payment_intent" } : null
}
