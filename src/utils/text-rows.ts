/** A row whose values are as PostgreSQL wrote them, in the order of the SELECT list; null is NULL. */
export type TextRow = readonly (string | null)[]

/** Writes a time as JavaScript does, from what PostgreSQL writes in a session in UTC. */
export function toIsoTime(text: string): string {
  // Most have three digits of a second's parts: what the code writes. PostgreSQL leaves zeros at the end out.
  if (text.length === 26 && text.charCodeAt(19) === POINT && isUtc(text))
    return `${text.slice(0, 10)}T${text.slice(11, 23)}Z`
  return (parseUtc(text) ?? new Date(text)).toISOString()
}

const isUtc = (text: string) =>
  text.charCodeAt(4) === DASH && text.charCodeAt(13) === COLON && text.endsWith("+00")

/** Of a session in UTC: `2026-11-29 10:17:12.409+00`. Years of more digits, times before Christ and infinity are left over. */
export function parseUtc(text: string): Date | null {
  if (!isUtc(text)) return null
  return new Date(`${text.slice(0, 10)}T${text.slice(11, -3)}Z`)
}

const DASH = "-".charCodeAt(0)
const COLON = ":".charCodeAt(0)
const POINT = ".".charCodeAt(0)
