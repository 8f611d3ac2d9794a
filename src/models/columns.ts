import type { Attributes, Model } from "sequelize"

/** The types of columns, as PostgreSQL calls them. */
export type ColumnType =
  | "boolean"
  | "date"
  | "integer"
  | "jsonb"
  | "numeric"
  | "smallint"
  | "text"
  | "timestamptz"
  | "uuid"

export type Column = ColumnType | { type: ColumnType; primaryKey?: true; defaultValue?: string | number }

/** What a table's columns are, by the names that the code uses. Without Sequelize, which few processes need. */
export type Columns<M extends Model> = { [Name in keyof Attributes<M>]: Column }

/** Returns the attributes of a model that aren't among `without`, in the order of their definition. */
export function namesExcept<M extends Model, Without extends keyof Attributes<M>>(
  columns: Columns<M>,
  without: readonly Without[],
): Exclude<keyof Attributes<M>, Without>[] {
  const left = Object.keys(columns).filter((name) => !without.includes(name as Without))
  return left as Exclude<keyof Attributes<M>, Without>[]
}

/** Returns the items of a SELECT list that reads attributes of `table`, a table or an alias, under their own names. */
export function selectSql(names: readonly PropertyKey[], table: string): string {
  return names.map((name) => `${table}.${columnOf(String(name))} AS "${String(name)}"`).join(", ")
}

/** Returns the column that an attribute is kept in: `headId` is in `head_id`. */
export function columnOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

/** Returns a record that was kept as JSON with its times as dates again. */
export function reviveRecord<M extends Model, R extends object>(columns: Columns<M>, json: unknown): R {
  const revived = { ...(json as Record<string, unknown>) }
  for (const [name, type] of Object.entries(columns)) {
    const value = revived[name]
    if (type === "timestamptz" && typeof value === "string") revived[name] = new Date(value)
  }
  return revived as R
}
