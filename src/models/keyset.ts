import { z } from "zod"
import { CursorTime, decodeCursor, encodeCursor } from "../utils/cursor.ts"

/** A page of a list and the cursor of the next, null on the last. */
export interface Page<T> {
  items: T[]
  next: string | null
}

/** What a client asks for. */
export interface PageRequest {
  limit: number
  cursor?: string | undefined
}

/** The sort key of a list: what its cursors hold, and where a row stands. */
export interface SortKey<T, K extends (string | number)[]> {
  cursor: z.ZodType<K>
  of(row: T): K
}

/**
 * Reads a page of a list by its sort key.
 * @param read reads `rows` rows at the most, from `after` on or from the start; where it leaves out some of those that
 *   it has found, because they are long, it returns how many these were
 * @throws {InvalidRequest} for a cursor of another list
 */
export async function readPage<T, K extends (string | number)[]>(
  { limit, cursor }: PageRequest,
  key: SortKey<NoInfer<T>, K>,
  read: (after: K | null, rows: number) => Promise<T[] | { rows: T[]; found: number }>,
): Promise<Page<T>> {
  const after = cursor === undefined ? null : decodeCursor(cursor, key.cursor)
  const result = await read(after, limit + 1)
  const { rows, found } = Array.isArray(result) ? { rows: result, found: result.length } : result
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  return { items, next: found > items.length && last ? encodeCursor(key.of(last)) : null }
}

export type TimeAndId = [time: string, id: string]

/** The sort key of a list from the newest down: the time in `name`, and the id. */
export function newestFirst<Name extends string>(
  name: Name,
  id: z.ZodType<string> = z.uuid(),
): SortKey<{ id: string } & Record<Name, Date>, TimeAndId> {
  return {
    cursor: z.tuple([CursorTime, id]),
    of: (row) => [row[name].toISOString(), row.id],
  }
}

/**
 * Returns the condition of such a list on its column and its cursor's parameters, `$first` and the next. The first page
 * starts beyond everything, so that every page is the same range scan; whole rows are compared, so that PostgreSQL
 * scans a range of the list's index.
 */
export function afterSql(column: string, id: string, first: number, type: "uuid" | "text" = "uuid"): string {
  const any = type === "uuid" ? "ffffffff-ffff-ffff-ffff-ffffffffffff" : ""
  return `(${column}, ${id})
    < (coalesce($${first}::timestamptz, 'infinity'), coalesce($${first + 1}::${type}, '${any}'))`
}

type PinnedTimeAndId = [pinned: number, time: string, id: string]

/** The sort key of a list of rooms: pinned ones first, then from the newest down. */
export function pinnedFirst<Name extends string>(
  name: Name,
): SortKey<{ id: string; pinned: boolean } & Record<Name, Date>, PinnedTimeAndId> {
  const pair = z.tuple([CursorTime, z.uuid()])
  const key = z.tuple([z.literal([0, 1]), CursorTime, z.uuid()])
  return {
    // Cursors of before had no pinned rooms to begin with.
    cursor: z.union([key, pair.transform(([time, id]): PinnedTimeAndId => [0, time, id])]),
    of: (row) => [row.pinned ? 1 : 0, row[name].toISOString(), row.id],
  }
}

/** Returns the condition of such a list on its column and its cursor's parameters, from `$first` on. */
export function afterPinnedSql(column: string, id: string, first: number): string {
  return `(pinned, ${column}, ${id})
    < (coalesce($${first}::int, 1) = 1, coalesce($${first + 1}::timestamptz, 'infinity'),
      coalesce($${first + 2}::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))`
}
