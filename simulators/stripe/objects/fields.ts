import type Stripe from "stripe"
import type { Account } from "../model/account.ts"

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

/** What nearly every object has. */
export function base<Name extends string>(account: Account, object: Name, id: string) {
  return { id, object, created: account.now(), livemode: account.settings.livemode }
}

type Defined<T> = { [Name in keyof T]?: Exclude<T[Name], undefined> } & {
  [Name in keyof T as undefined extends T[Name] ? never : Name]: T[Name]
}

/** The fields that were given. */
export function defined<T extends object>(fields: T): Defined<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>
}

type Names<Text extends string> = Text extends `${infer Name} ${infer Rest}` ? Name | Names<Rest> : Text

/** Fields, separated by spaces, that are empty at first. */
export function nulls<Text extends string>(names: Text): Record<Names<Text>, null> {
  return Object.fromEntries(names.split(" ").map((name) => [name, null])) as Record<Names<Text>, null>
}
