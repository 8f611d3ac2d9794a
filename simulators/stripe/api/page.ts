import { noSuch } from "../model/refusals.ts"
import { listOf } from "../objects/fields.ts"

export type Paging = { limit?: number; starting_after?: string; ending_before?: string }

const DEFAULT_LIMIT = 10

/** A page of objects, newest first. They come in order of creation. Refuses a cursor that isn't among them. */
export function page<T extends { id: string }>(url: string, oldestFirst: readonly T[], paging: Paging) {
  const { limit = DEFAULT_LIMIT, starting_after, ending_before } = paging
  const objects = oldestFirst.toReversed()
  if (ending_before !== undefined) {
    const before = objects.slice(0, positionOf(objects, ending_before, "ending_before"))
    return listOf(url, before.slice(-limit), { hasMore: before.length > limit })
  }
  const after = starting_after === undefined ? 0 : positionOf(objects, starting_after, "starting_after") + 1
  const rest = objects.slice(after)
  return listOf(url, rest.slice(0, limit), { hasMore: rest.length > limit })
}

function positionOf(objects: readonly { id: string }[], id: string, param: string): number {
  const position = objects.findIndex((object) => object.id === id)
  if (position < 0) throw noSuch("object", id, param)
  return position
}
