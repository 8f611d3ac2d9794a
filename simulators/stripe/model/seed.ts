import { priceObject, productObject } from "../objects/catalog.ts"
import { configurationObject } from "../objects/portal.ts"
import type { Account } from "./account.ts"

/** The price that exists from the start: 20.00 usd a month, `lookup_key` `pro_monthly`. */
export const PRO_PRICE = "price_simulated_pro_monthly"

const PRO_PRODUCT = "prod_simulated_pro"

/** Fills in what an account has from the start. */
export function seed(account: Account) {
  const { store } = account
  store.add("product", productObject(account, { id: PRO_PRODUCT, name: "Pro", default_price: PRO_PRICE }))
  // As npm run stripe:setup marks what it makes.
  const metadata = { app: "gemini-chat-backend" }
  const sold = { product: PRO_PRODUCT, currency: "usd", unit_amount: 2000, lookup_key: "pro_monthly" }
  const price = { ...sold, id: PRO_PRICE, metadata, recurring: { interval: "month" } } as const
  store.add("price", priceObject(account, price))
  store.add("portal_configuration", configurationObject(account, { id: "bpc_simulated", is_default: true }))
}
