import { col, fn, Op, where } from "sequelize"
import { columnOf } from "./columns.ts"
import type { TimeAndId } from "./keyset.ts"

/** Returns the query of `newestFirst` for a model: the `limit` newest rows of `filter` by `name` after the cursor. */
export function newestRows(name: string, after: TimeAndId | null, limit: number, filter: object = {}) {
  const key = fn("ROW", col(columnOf(name)), col("id"))
  const order: [string, string][] = [
    [name, "DESC"],
    ["id", "DESC"],
  ]
  const range = after ? [where(key, Op.lt, fn("ROW", ...after))] : []
  return { where: { ...filter, [Op.and]: range }, order, limit, raw: true }
}
