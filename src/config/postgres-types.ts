import pg from "pg"
import { parseUtc } from "../utils/text-rows.ts"

/** Object ids of types (https://github.com/postgres/postgres/blob/master/src/include/catalog/pg_type.dat). */
const { JSON: JSON_TEXT, JSONB, TIMESTAMPTZ } = pg.types.builtins

/**
 * How values become JavaScript's: as `pg` does it, with a shorter way for what a page of messages has hundreds of, times
 * and JSON columns that hold nothing.
 */
export const TYPES: pg.CustomTypesConfig = {
  getTypeParser(oid, format) {
    const usual = pg.types.getTypeParser(oid, format)
    if (format === "binary") return usual
    if (oid === TIMESTAMPTZ) return (text: string) => parseUtc(text) ?? usual(text)
    if (oid === JSONB || oid === JSON_TEXT)
      return (text: string) => (text === "[]" ? [] : text === "{}" ? {} : usual(text))
    return usual
  },
}

/** Leaves every value as it is written. */
export const AS_TEXT: pg.CustomTypesConfig = { getTypeParser: () => (text: string) => text }
