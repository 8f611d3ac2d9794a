import type { Account } from "../model/account.ts"
import { noSuch } from "../model/refusals.ts"
import { listOf } from "../objects/lists.ts"

type Paging = { limit?: number; starting_after?: string; ending_before?: string }

const DEFAULT_LIMIT = 10

/** A page of objects, newest first. They come in order of creation. Refuses a cursor that isn't among them. */
export function page<T extends { id: string }>(url: string, oldestFirst: readonly T[], paging: Paging) {
  const { limit = DEFAULT_LIMIT, starting_after, ending_before } = paging
  const objects = oldestFirst.toReversed()
  if (ending_before !== undefined) {
    const before = objects.slice(0, placeOf(objects, ending_before, "ending_before"))
    return listOf(url, before.slice(-limit), { hasMore: before.length > limit })
  }
  const after = starting_after === undefined ? 0 : placeOf(objects, starting_after, "starting_after") + 1
  const rest = objects.slice(after)
  return listOf(url, rest.slice(0, limit), { hasMore: rest.length > limit })
}

/** Refuses a filter by something that never was. What is deleted can still be asked for. */
export function refuseUnknown(
  { store }: Account,
  { customer, subscription }: { customer?: string; subscription?: string },
): void {
  if (customer !== undefined && !store.get("customer", customer) && !store.get("deleted_customer", customer))
    throw noSuch("customer", customer, "customer")
  if (subscription !== undefined && !store.get("subscription", subscription))
    throw noSuch("subscription", subscription, "subscription")
}

function placeOf(objects: readonly { id: string }[], id: string, param: string): number {
  const place = objects.findIndex((object) => object.id === id)
  if (place < 0) throw noSuch("object", id, param)
  return place
}
