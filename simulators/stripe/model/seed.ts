import { priceObject, productObject } from "../objects/catalog.ts"
import { configurationObject } from "../objects/portal.ts"
import type { Account } from "./account.ts"

/** The price that exists from the start: 20.00 usd a month, `lookup_key` `pro_monthly`. */
export const PRO_PRICE = "price_simulated_pro_monthly"

const PRO_PRODUCT = "prod_simulated_pro"

/** Fills in what an account has from the start. What is there already stays. */
export function seed(account: Account) {
  const { store } = account
  if (!store.get("product", PRO_PRODUCT)) {
    store.add("product", {
      ...productObject(account, { id: PRO_PRODUCT, name: "Pro" }),
      default_price: PRO_PRICE,
    })
  }
  if (!store.get("price", PRO_PRICE)) {
    // As npm run stripe:setup marks what it makes.
    const metadata = { app: "gemini-chat-backend" }
    const price = { metadata, id: PRO_PRICE, product: PRO_PRODUCT, currency: "usd", unitAmount: 2000 }
    store.add("price", priceObject(account, { ...price, interval: "month", lookupKey: "pro_monthly" }))
  }
  if (!store.all("portal_configuration").some((configuration) => configuration.is_default)) {
    store.add("portal_configuration", configurationObject(account, { id: "bpc_simulated", isDefault: true }))
  }
}
