import type Stripe from "stripe"
import type { Wishes } from "./options.ts"
import { findOurs, MARK, type Part } from "./part.ts"

/** The product that is sold: that of the price, or the one that an earlier run has made. */
export async function setUpProduct(
  stripe: Stripe,
  wishes: Wishes,
  price: Stripe.Price | undefined,
): Promise<Part> {
  const found = price
    ? await stripe.products.retrieve(idOf(price.product))
    : await findOurs(stripe.products.list({ limit: 100 }))
  if (!found) return makeProduct(stripe, wishes)
  const part = { what: "Product", id: found.id, detail: found.name }
  if (found.active) return { ...part, state: "kept" }
  if (!wishes.dryRun) await stripe.products.update(found.id, { active: true })
  return { ...part, state: "changed", detail: `${found.name}, taken out of the archive` }
}

const idOf = (product: Stripe.Price["product"]) => (typeof product === "string" ? product : product.id)

async function makeProduct(stripe: Stripe, { productName: name, dryRun }: Wishes): Promise<Part> {
  const made = dryRun ? null : await stripe.products.create({ name, metadata: MARK })
  return { what: "Product", id: made?.id ?? null, state: "made", detail: name }
}
