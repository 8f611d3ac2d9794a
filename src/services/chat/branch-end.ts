import { childrenOf } from "./tree-steps.ts"

/**
 * Returns a query for the end of the newest branch below a message: its newest descendant reply, which may be itself.
 * Where there is no reply, the newest descendant prompt. Each message below is read once.
 * @param user a parameter, as `message`
 * @returns a query with one `id`, or no row if there is no such message in the room
 */
export function branchEndSql({ user, room, message }: Record<"user" | "room" | "message", string>): string {
  return `
  WITH RECURSIVE below AS (
    SELECT m.user_id, m.id, m.role, m.position FROM messages AS m
    WHERE m.user_id = ${user} AND m.id = ${message} AND m.chatroom_id = ${room}
    UNION ALL
    SELECT m.user_id, m.id, m.role, m.position
    FROM below AS b ${childrenOf("b")} AS m
  )
  SELECT id FROM below ORDER BY role = 'model' DESC, position DESC LIMIT 1`
}

/** Of a user, a room of theirs and a message of it. */
export const BRANCH_END = branchEndSql({ user: "$1", room: "$2", message: "$3" })
