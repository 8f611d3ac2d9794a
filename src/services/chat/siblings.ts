/** A message among the versions of it: the children of its parent with its role, or the room's beginnings, in order. */
export interface Siblings {
  /** From 1. */
  position: number
  count: number
  previousId: string | null
  nextId: string | null
}

/** Of a message without versions, in the order in which PostgreSQL writes the others. */
export const NO_SIBLINGS: Siblings = { count: 1, nextId: null, position: 1, previousId: null }

/** Writes what `siblingsSql` gives of one of a whole family, whose ids are in order. */
export function siblingsText(ids: readonly string[], index: number): string {
  const siblings: Siblings = {
    count: ids.length,
    nextId: ids[index + 1] ?? null,
    position: index + 1,
    previousId: ids[index - 1] ?? null,
  }
  return JSON.stringify(siblings)
}

/**
 * Returns the siblings of `m`, a row or an alias of messages, as a column of JSON; null where there are none, because
 * most messages have none and a page of them would be a page of JSON to build and to parse. All siblings are counted, so a page
 * of one branch reads each message of its room once at the most; a page of many siblings asks `familiesSql`.
 */
export function siblingsSql(m: string): string {
  return `CASE WHEN ${m}.parent_id IS NULL THEN (${among(m, ROOTS)}) ELSE (${among(m, CHILDREN)}) END AS siblings`
}

/**
 * IS NOT DISTINCT FROM and not `=`, which would let PostgreSQL look siblings up by their user: with the statistics of a
 * quiet database it takes all that a user has for as cheap as the index that is meant, and for the roots' index see 0011.
 */
const CHILDREN = (s: string, m: string) =>
  `${s}.parent_id = ${m}.parent_id AND ${s}.user_id IS NOT DISTINCT FROM ${m}.user_id AND ${s}.role = ${m}.role`
const ROOTS = (s: string, m: string) =>
  `coalesce(${s}.parent_id, ${s}.chatroom_id) = ${m}.chatroom_id AND ${s}.parent_id IS NULL
    AND ${s}.user_id IS NOT DISTINCT FROM ${m}.user_id AND ${s}.role = ${m}.role`

type Family = typeof ROOTS

/** The neighbours are looked for only where there are any. */
function among(m: string, family: Family): string {
  const nearest = (beyond: string, order: string) => `(
      SELECT near.id FROM messages AS near WHERE ${family("near", m)} AND near.position ${beyond} ${m}.position
      ORDER BY near.position ${order} LIMIT 1
    )`
  return `SELECT CASE WHEN count(*) > 1 THEN jsonb_build_object(
      'position', count(*) FILTER (WHERE s.position <= ${m}.position), 'count', count(*),
      'previousId', ${nearest("<", "DESC")}, 'nextId', ${nearest(">", "ASC")}) END
    FROM messages AS s WHERE ${family("s", m)}`
}

/**
 * Returns a query that gives each message of the families of `page` its siblings, as `id` and `siblings`. Each family is
 * read once, however many of it are on the page.
 * @param page a table of messages
 */
export function familiesSql(page: string): string {
  const members = (family: Family, which: string) => `
    SELECT s.id, family.parent_id,
      row_number() OVER siblings AS position, count(*) OVER () AS count,
      lag(s.id) OVER siblings AS previous_id, lead(s.id) OVER siblings AS next_id
    FROM messages AS s
    WHERE ${which} AND ${family("s", "family")}
    WINDOW siblings AS (ORDER BY s.position)`
  return `
    SELECT member.id, jsonb_build_object('position', member.position, 'count', member.count,
      'previousId', member.previous_id, 'nextId', member.next_id) AS siblings
    FROM (SELECT DISTINCT user_id, chatroom_id, parent_id, role FROM ${page}) AS family
    CROSS JOIN LATERAL (
      SELECT * FROM (${members(CHILDREN, "family.parent_id IS NOT NULL")}) AS children
      UNION ALL SELECT * FROM (${members(ROOTS, "family.parent_id IS NULL")}) AS roots
    ) AS member
    WHERE member.id IN (SELECT id FROM ${page})`
}
