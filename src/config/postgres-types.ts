import pg from "pg"

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

/** Of a session in UTC: `2026-11-29 10:17:12.409+00`. Years of more digits, times before Christ and infinity are left over. */
function parseUtc(text: string): Date | null {
  if (text.charCodeAt(4) !== DASH || text.charCodeAt(13) !== COLON || !text.endsWith("+00")) return null
  return new Date(`${text.slice(0, 10)}T${text.slice(11, -3)}Z`)
}

const DASH = "-".charCodeAt(0)
const COLON = ":".charCodeAt(0)
