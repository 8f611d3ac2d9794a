/**
 * The steps by which recursive statements walk a room's tree of messages, each by an index of the key that it looks for.
 * As a plain join, a step may be planned as a scan of the whole table. That is cheap while there are a few messages, but
 * PostgreSQL keeps the plan while the table grows, and each step of a long walk then reads all that is there. `OFFSET 0`
 * keeps the subquery apart, so it is answered for one message after the other.
 */

/** @returns what follows `FROM child` in a step to the message above */
export function parentOf(child: string): string {
  return `CROSS JOIN LATERAL (
      SELECT * FROM messages WHERE user_id = ${child}.user_id AND id = ${child}.parent_id OFFSET 0
    )`
}

/**
 * `IS NOT DISTINCT FROM` can't be a condition of an index. With `=` PostgreSQL might use an index by the user alone, and
 * read all of the user's messages.
 * @returns what follows `FROM parent` in a step to the messages below
 */
export function childrenOf(parent: string): string {
  return `CROSS JOIN LATERAL (
      SELECT * FROM messages WHERE parent_id = ${parent}.id AND user_id IS NOT DISTINCT FROM ${parent}.user_id OFFSET 0
    )`
}
