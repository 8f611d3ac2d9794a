import { priceObject, productObject } from "../objects/catalog.ts"
import { configurationObject } from "../objects/portal.ts"
import type { Account } from "./account.ts"

/** The price that exists from the start: 20.00 usd a month, `lookup_key` `pro_monthly`. */
export const PRO_PRICE = "price_simulated_pro_monthly"

/** The other one: 200.00 usd a year, `lookup_key` `pro_yearly`. */
export const PRO_PRICE_YEARLY = "price_simulated_pro_yearly"

const PRO_PRODUCT = "prod_simulated_pro"
const PORTAL = "bpc_simulated"

/** Fills in what an account has from the start, and of an account that was kept what it lacks. */
export function seed(account: Account) {
  const { store } = account
  const product = { id: PRO_PRODUCT, name: "Pro", default_price: PRO_PRICE }
  if (!store.get("product", PRO_PRODUCT)) store.add("product", productObject(account, product))
  addPrice(account, PRO_PRICE, { unit_amount: 2_000, lookup_key: "pro_monthly", interval: "month" })
  addPrice(account, PRO_PRICE_YEARLY, { unit_amount: 20_000, lookup_key: "pro_yearly", interval: "year" })
  const products = [{ product: PRO_PRODUCT, prices: [PRO_PRICE, PRO_PRICE_YEARLY] }]
  const features = { subscription_update: { enabled: true, default_allowed_updates: ["price"], products } }
  const portal = configurationObject(account, { id: PORTAL, is_default: true, features })
  if (!store.get("portal_configuration", PORTAL)) store.add("portal_configuration", portal)
}

type Sold = { unit_amount: number; lookup_key: string; interval: "month" | "year" }

function addPrice(account: Account, id: string, { interval, ...sold }: Sold) {
  if (account.store.get("price", id)) return
  // As npm run stripe:setup marks what it makes.
  const metadata = { app: "gemini-chat-backend" }
  const price = { ...sold, id, metadata, product: PRO_PRODUCT, currency: "usd", recurring: { interval } }
  account.store.add("price", priceObject(account, price))
}
