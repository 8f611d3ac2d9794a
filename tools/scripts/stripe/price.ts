import type Stripe from "stripe"
import { UsageError, type Wishes } from "./options.ts"
import { isOurs, MARK, type Part } from "./part.ts"

/**
 * The price as it is now, by its lookup key.
 * @throws {UsageError} when another program made it, and nobody has said that it is meant
 */
export async function findPrice(stripe: Stripe, { price, adopt }: Wishes): Promise<Stripe.Price | undefined> {
  const [found] = (await stripe.prices.list({ lookup_keys: [lookupKey(price)], limit: 1 })).data
  if (!found || isOurs(found) || adopt) return found
  throw new UsageError(
    `The account has a price of the lookup key ${lookupKey(price)} already, ${found.id}, and this command didn't make ` +
      "it. Add --adopt when it is the one to be sold: all recurring prices of its product then count as Pro.",
  )
}

/**
 * The price that is sold from now on. A price can't be changed, so other terms make another one, to which the lookup
 * key goes over; subscriptions on the former stay on it.
 */
export async function setUpPrice(
  stripe: Stripe,
  wishes: Wishes,
  { product, current }: { product: string | null; current: Stripe.Price | undefined },
): Promise<Part> {
  if (!current || !isAsWished(current, wishes)) return makePrice(stripe, wishes, product, current)
  const part = { what: "Price", id: current.id, detail: describe(current) }
  if (current.active && isOurs(current)) return { ...part, state: "kept" }
  if (!wishes.dryRun) await stripe.prices.update(current.id, { active: true, metadata: MARK })
  const change = current.active ? "adopted" : "taken out of the archive"
  return { ...part, state: "changed", detail: `${part.detail}, ${change}` }
}

/** A product's recurring prices. */
export interface Prices {
  /** For sale: of each interval the one with the lookup key, monthly first. */
  sold: Stripe.Price[]
  /** The others: their subscribers are Pro as well. */
  former: string[]
}

/** Lists the product's recurring prices. */
export async function listPrices(stripe: Stripe, product: string): Promise<Prices> {
  const all = await stripe.prices.list({ product, limit: 100 }).autoPagingToArray({ limit: 1_000 })
  const recurring = all.filter(({ type }) => type === "recurring")
  const isSold = (price: Stripe.Price, interval: "month" | "year") =>
    price.active && price.lookup_key === lookupKey({ interval })
  const sold = INTERVALS.flatMap((interval) => recurring.find((price) => isSold(price, interval)) ?? [])
  return { sold, former: recurring.filter((price) => !sold.includes(price)).map(({ id }) => id) }
}

const INTERVALS = ["month", "year"] as const

const lookupKey = ({ interval }: Pick<Wishes["price"], "interval">) => `pro_${interval}ly`

function isAsWished({ unit_amount, currency, recurring }: Stripe.Price, { price }: Wishes): boolean {
  return (
    unit_amount === (price.amount ?? unit_amount) &&
    currency === (price.currency ?? currency) &&
    recurring?.interval === price.interval &&
    recurring.interval_count === 1
  )
}

async function makePrice(
  stripe: Stripe,
  { price, dryRun }: Wishes,
  product: string | null,
  current: Stripe.Price | undefined,
): Promise<Part> {
  const terms = {
    unit_amount: price.amount ?? current?.unit_amount ?? DEFAULT_AMOUNT,
    currency: price.currency ?? current?.currency ?? DEFAULT_CURRENCY,
    recurring: { interval: price.interval },
  }
  const part = { what: "Price", state: "made" as const, detail: describe(terms) }
  if (dryRun || product === null) return { ...part, id: null }
  const key = { lookup_key: lookupKey(price), transfer_lookup_key: true }
  const { id } = await stripe.prices.create({ ...terms, ...key, product, metadata: MARK })
  return { ...part, id }
}

const DEFAULT_AMOUNT = 2_000
const DEFAULT_CURRENCY = "usd"

type Terms = Pick<Stripe.Price, "unit_amount" | "currency"> & { recurring: { interval: string } | null }

function describe({ unit_amount, currency, recurring }: Terms): string {
  const money = new Intl.NumberFormat("en", { style: "currency", currency })
  const digits = money.resolvedOptions().maximumFractionDigits ?? 2
  return `${money.format((unit_amount ?? 0) / 10 ** digits)} a ${recurring?.interval}`
}
