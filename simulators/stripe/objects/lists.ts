import type Stripe from "stripe"

/** A list as Stripe sends it. The SDK's type has methods that the wire hasn't. */
export function listOf<T>(
  url: string,
  data: T[],
  { hasMore = false, totalCount }: { hasMore?: boolean; totalCount?: number } = {},
): Stripe.ApiList<T> {
  const counted = totalCount === undefined ? {} : { total_count: totalCount }
  return { object: "list", data, has_more: hasMore, ...counted, url } as unknown as Stripe.ApiList<T>
}

/** A decimal goes over the wire as a string; the SDK makes a number type of it. */
export function decimal(value: number): Stripe.Decimal {
  return String(value) as unknown as Stripe.Decimal
}
