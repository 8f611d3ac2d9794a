import { InvalidRequest } from "../../utils/errors.ts"
import type { Context } from "../context.ts"

const INTERVALS = ["month", "year"] as const
export type Interval = (typeof INTERVALS)[number]

/** A price's interval never changes, so each process reads it once. Other intervals, such as a quarter, are null. */
const known = new WeakMap<Context, Map<string, Interval | null>>()

/**
 * Finds the price to sell: of those in `STRIPE_PRICE_PRO` the first of the interval, or the first at all.
 * @throws {InvalidRequest} when Pro isn't sold for that interval
 */
export async function findProPrice(ctx: Context, interval: Interval | undefined): Promise<string> {
  const { proPrices } = ctx.config.stripe
  if (interval === undefined) return proPrices[0] as string
  for (const price of proPrices) if ((await readInterval(ctx, price)) === interval) return price
  throw new InvalidRequest([{ path: "body.interval", message: `Pro isn't sold by the ${interval}.` }])
}

async function readInterval(ctx: Context, price: string): Promise<Interval | null> {
  const intervals = known.get(ctx) ?? new Map<string, Interval | null>()
  known.set(ctx, intervals)
  const found = intervals.get(price)
  if (found !== undefined) return found
  const { recurring } = await ctx.stripe.prices.retrieve(price)
  const read = recurring?.interval_count === 1 ? recurring.interval : null
  const interval = INTERVALS.find((each) => each === read) ?? null
  intervals.set(price, interval)
  return interval
}
