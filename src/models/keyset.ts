import { col, fn, Op, where } from "sequelize"

/** Where a page of a list that runs from the newest down has ended: its last row's time and id. */
export type Keyset = [time: string, id: string]

/**
 * The rows after a place in a list by `column` and id, both descending. Compares whole rows, so that PostgreSQL scans
 * a range of the list's index.
 */
export function afterKeyset(column: string, [time, id]: Keyset) {
  return where(fn("ROW", col(column), col("id")), Op.lt, fn("ROW", time, id))
}
