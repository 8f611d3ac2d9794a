import type Stripe from "stripe"
import { type EndpointPart, setUpEndpoint } from "./endpoint.ts"
import type { Wishes } from "./options.ts"
import type { Part } from "./part.ts"
import { setUpPortal } from "./portal.ts"
import { findPrice, listPrices, type Prices, setUpPrice } from "./price.ts"
import { setUpProduct } from "./product.ts"

export interface Setup {
  product: Part
  price: Part
  portal: Part
  /** null: there is no address to which Stripe could send. */
  endpoint: EndpointPart | null
  prices: Prices
}

/**
 * Makes what is missing in the account and mends what differs. May be cut off and run again. In a dry run it only
 * looks.
 */
export async function setUp(stripe: Stripe, wishes: Wishes): Promise<Setup> {
  const current = await findPrice(stripe, wishes)
  const product = await setUpProduct(stripe, wishes, current)
  const price = await setUpPrice(stripe, wishes, { product: product.id, current })
  const prices = product.id === null ? { sold: [], former: [] } : await listPrices(stripe, product.id)
  const portal = await setUpPortal(stripe, wishes, { product: product.id, sold: prices.sold })
  const endpoint = wishes.webhookUrl === null ? null : await setUpEndpoint(stripe, wishes, wishes.webhookUrl)
  return { product, price, portal, endpoint, prices }
}
